"""`request.user` on pages: the user and the session row named in Django's session, by one join."""

import logging
from datetime import timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.functional import SimpleLazyObject

from portcullis.errors import AuthError
from tokens import strict
from tokens.conf import conf
from tokens.delivery import set_token_cookies
from tokens.django_session import sid_of
from tokens.flows import slide
from tokens.models import Session

logger = logging.getLogger("tokens.middleware")

TOKENS_ARE_OLD_AFTER = timedelta(days=1)


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
        """Note the visit when it is over: the session may have ended, or moved on, meanwhile."""
        if getattr(request, "asked_for_token", False):
            _keep_out_of_caches(response)
        session: Session | None = getattr(request, "_login_session", None)
        try:
            if session and slide(session, now=timezone.now()) and _has_old_tokens(session):
                set_token_cookies(response, session)
                patch_cache_control(response, private=True)
        except (DatabaseError, InterfaceError, AuthError) as error:
            logger.warning("a visit was not noted: %s", type(error).__name__)  # the page is made
        return response


def _keep_out_of_caches(response: HttpResponse) -> None:
    """A view that knew who asked by a token: the next one may be somebody else."""
    if "no-store" not in response.headers.get("Cache-Control", ""):
        patch_vary_headers(response, ("Authorization", "Cookie"))
        patch_cache_control(response, private=True)


def _has_old_tokens(session: Session) -> bool:
    """Whether a script on the page could find its refresh token expired where the page is not.

    Where scripts refresh, theirs is young: it is left alone, for an answer that overtakes ours on
    the wire would be overwritten with the generation before it, and its reuse be taken for theft.
    """
    issued = session.rotated_at or session.created_at
    idle = timedelta(seconds=conf().idle_lifetime(remember_me=session.remember_me))
    return timezone.now() - issued > min(TOKENS_ARE_OLD_AFTER, idle / 2)


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
    if session is None or session.death(timezone.now()):
        return None
    return session
