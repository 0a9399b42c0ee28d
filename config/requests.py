"""Requests that take no charset from a client, for both entry points.

Django decodes the query with it before any middleware runs: some charsets (`idna`, `rot13`) fail
there with a fault that nothing can answer, and so do parameters that are malformed themselves.
"""

from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest
from django.utils.http import parse_header_parameters


class AlwaysUtf8(HttpRequest):
    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            parsed = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except ValueError:
            meta["CONTENT_TYPE"] = ""  # whoever reads it next would fail too
            parsed = ("", {})
        self.content_type, self.content_params = parsed


class WsgiRequest(AlwaysUtf8, WSGIRequest):
    pass


class AsgiRequest(AlwaysUtf8, ASGIRequest):
    pass
