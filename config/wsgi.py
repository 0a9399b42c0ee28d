"""WSGI entry point."""

import os

import django

from config.requests import WsgiRequest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

from accounts.wsgi import AdmissionHandler  # noqa: E402  (models need the settings)


class Handler(AdmissionHandler):
    request_class = WsgiRequest


application = Handler()
