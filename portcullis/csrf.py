"""Django's CSRF check where it depends on how a request is authenticated."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware

from portcullis.errors import CsrfFailed


class _CsrfCheck(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> Any:
        return reason


def enforce_csrf(request: HttpRequest) -> None:
    """Django's own CSRF check (token and Origin). Raises CsrfFailed.

    It takes Django's request: asking DRF's for POST would parse the body first, and a malformed one
    would answer 400 before the refusal.
    """
    check = _CsrfCheck(_unreachable)
    check.process_request(request)
    if reason := check.process_view(request, _unreachable, (), {}):
        raise CsrfFailed(str(reason))


def _unreachable(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
    raise AssertionError("the CSRF check never calls a view")
