"""ASGI entry point."""

import os

import django
from django.core.handlers.asgi import ASGIHandler

from config.requests import AsgiRequest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class Handler(ASGIHandler):
    request_class = AsgiRequest


django.setup(set_prefix=False)
application = Handler()
