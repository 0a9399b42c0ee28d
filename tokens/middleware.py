"""`request.user` on pages: the user and the session row named in Django's session, by one join."""

from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from tokens import cookies, strict
from tokens.delivery import set_token_cookies
from tokens.django_session import sid_of
from tokens.flows import slide
from tokens.models import Session


class SessionAuthenticationMiddleware(AuthenticationMiddleware):
    """Replaces Django's. The row decides: where it is over, the visitor is anonymous, whatever
    Django's session still says; where it is restricted, too, but for pages that serve the one step
    and look at `request.login_session`, which is the live row or None."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.login_session = SimpleLazyObject(lambda: _session(request))  # type: ignore[attr-defined]
        request.user = SimpleLazyObject(lambda: _user(request))  # type: ignore[assignment]
        request.auser = sync_to_async(lambda: _user(request))  # Django's own would skip the row

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """After a visit that prolonged the session its tokens are as young as the row: a script on
        the page would else find itself logged out on a page that is not."""
        slid = getattr(request, "_slid", None)
        if slid and cookies.ACCESS.name not in response.cookies:
            set_token_cookies(response, slid)
        return response


def _user(request: HttpRequest) -> Any:
    session = _session(request)
    if session is None or session.restriction:
        return AnonymousUser()
    return session.user


def _session(request: HttpRequest) -> Session | None:
    if not hasattr(request, "_login_session"):
        request._login_session = _live(request)  # type: ignore[attr-defined]
    found: Session | None = request._login_session  # type: ignore[attr-defined]
    return found


def _live(request: HttpRequest) -> Session | None:
    sid = sid_of(request)
    session = strict.fetch(sid) if sid else None
    now = timezone.now()
    if session is None or session.death(now):
        return None
    if slide(session, now=now):
        request._slid = session  # type: ignore[attr-defined]
    return session
