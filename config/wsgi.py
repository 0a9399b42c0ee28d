"""WSGI entry point."""

import os

import django
from django.core.handlers.wsgi import WSGIHandler

from config.requests import WsgiRequest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class Handler(WSGIHandler):
    request_class = WsgiRequest


django.setup(set_prefix=False)
application = Handler()
