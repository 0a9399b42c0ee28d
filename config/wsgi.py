"""WSGI entry point."""

import os

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class Request(WSGIRequest):
    """Takes no charset from a client. Django decodes the query with it before any middleware runs,
    and some (`idna`, `rot13`) fail there with a fault that nothing can answer."""

    def _set_content_type_params(self, meta: dict[str, str]) -> None:
        header = meta.get("CONTENT_TYPE", "")
        self.content_type, self.content_params = parse_header_parameters(header)


class Handler(WSGIHandler):
    request_class = Request


django.setup(set_prefix=False)
application = Handler()
