"""Access tokens for plain Django views, by cookie or Bearer and without DRF: decorators and mixins.

Pages for people who sign in on pages want `tokens.signed_in.SignedIn`, or `login_required`.
"""

import functools
from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.generic.base import View

from portcullis.errors import AuthError, NotAuthenticated
from portcullis.problems import log_refusal, problem
from tokens.authentication import authenticate_if_possible, authenticate_request
from tokens.models import Session

PlainView = Callable[..., HttpResponseBase]


def token_required(view: PlainView) -> PlainView:
    """`request.user` and `request.auth` (the Session) by the access token; nobody else gets in.

    A refusal has the shape and the codes of the API's. A request that is judged by its cookie
    is held to the CSRF check, one with a Bearer token is not.
    """
    return _judged(view, _somebody)


def token_optional(view: PlainView) -> PlainView:
    """The same for views that serve everybody: without a token `request.user` is anonymous and
    `request.auth` None."""
    return _judged(view, authenticate_if_possible)


class TokenRequiredMixin(View):
    """`token_required` for class-based views."""

    @method_decorator(csrf_exempt)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return token_required(super().dispatch)(request, *args, **kwargs)


class TokenOptionalMixin(View):
    """`token_optional` for class-based views."""

    @method_decorator(csrf_exempt)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return token_optional(super().dispatch)(request, *args, **kwargs)


def _judged(view: PlainView, find: Callable[[HttpRequest], Session | None]) -> PlainView:
    if iscoroutinefunction(view):
        raise TypeError("an async view would be called before anybody knows who asks")

    @csrf_exempt  # the check depends on what the request is judged by, and `find` does it
    @functools.wraps(view)
    def judged(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            session = find(request)
        except AuthError as error:
            log_refusal(request, error)
            return problem(error)
        request.user = session.user if session else AnonymousUser()
        request.auth = session  # type: ignore[attr-defined]
        return view(request, *args, **kwargs)

    return judged


def _somebody(request: HttpRequest) -> Session:
    session = authenticate_request(request)
    if session is None:
        raise NotAuthenticated
    return session
