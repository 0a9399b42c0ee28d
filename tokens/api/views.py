"""Refresh, logout, the list of sessions, and the public keys."""

import uuid
from datetime import UTC
from typing import Any, cast

from django.contrib.auth import get_user_model
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.utils.dateparse import parse_datetime
from django.utils.http import quote_etag
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotAuthenticated, NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from portcullis import secrets
from portcullis.api import Endpoint
from portcullis.client import Client
from portcullis.csrf import enforce_csrf
from portcullis.parsing import parse
from portcullis.permissions import HasPermission, IsSelf, RecentlyProven
from tokens import cookies, jwt, strict
from tokens.answers import RefreshAnswer, SessionAnswer, session_answers
from tokens.api.serializers import RefreshBody
from tokens.authentication import authorization, bearer_token
from tokens.conf import conf
from tokens.delivery import forget_browser, refresh_answer
from tokens.endpoints import PublicEndpoint, SignedInEndpoint, session_of
from tokens.errors import TokenInvalid
from tokens.flows import check_refresh, decode_refresh, revoke, revoke_all, rotate
from tokens.issuing import facts
from tokens.jwt import Claims
from tokens.keyring import ring
from tokens.models import Restriction, RevokeReason, Session, SessionQuerySet, Transport


class RefreshView(PublicEndpoint):
    """The refresh token travels in its cookie or in the body, never in the Authorization header;
    a request that has that header is judged without its cookies."""

    reads = (*PublicEndpoint.reads, (cookies.REFRESH, check_refresh))

    @extend_schema(request=RefreshBody, responses=RefreshAnswer)
    def post(self, request: Request) -> Response:
        """Rotate: a new access and refresh token for the session."""
        if raw := parse(RefreshBody, request).get("refresh"):
            return self._by_body(request, raw)
        if cookie := _refresh_cookie(request):
            return self._by_cookie(request, cookie)
        raise NotAuthenticated

    def _by_body(self, request: Request, raw: str) -> Response:
        claims = decode_refresh(raw)
        session = strict.read(claims)
        if session.transport != Transport.BEARER:
            enforce_csrf(request._request)  # the answer sets cookies
        return _rotated(request, session, claims)

    def _by_cookie(self, request: Request, cookie: str) -> Response:
        enforce_csrf(request._request)
        claims = decode_refresh(cookie)
        return _rotated(request, strict.read(claims), claims)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        """Log out by the refresh cookie, also after the access token is gone."""
        cookie = _refresh_cookie(request)
        if not cookie:
            raise NotAuthenticated
        enforce_csrf(request._request)
        claims = jwt.ours(cookie)
        if claims is None:
            raise TokenInvalid("refresh cookie is not ours")
        return _end(request, [claims], by_cookie=True)


class LogoutView(PublicEndpoint):
    @extend_schema(request=RefreshBody, responses={204: None})
    def post(self, request: Request) -> Response:
        """End the session behind any token that we signed, expired or ended ones included."""
        body = parse(RefreshBody, request).get("refresh")
        header = authorization(request)
        cookie = cookies.ACCESS.read(request._request) if header is None else None
        if header is None and not cookie and not body:
            raise NotAuthenticated
        by_cookie = jwt.ours(cookie)
        if by_cookie:
            enforce_csrf(request._request)
        by_header = jwt.ours(header and bearer_token(header))
        ours = [claims for claims in (by_header, by_cookie, jwt.ours(body)) if claims]
        if not ours:
            raise TokenInvalid("no token of ours")
        return _end(request, ours, by_cookie=by_cookie is not None)


class SessionPages(CursorPagination):
    page_size = 50
    ordering = ("-created_at", "id")

    def decode_cursor(self, request: Request) -> Any:
        """DRF believes the position in a cursor, which a client may have invented."""
        cursor = super().decode_cursor(request)
        if cursor is None or cursor.position is None:
            return cursor
        position: Any = _moment(str(cursor.position))
        return cursor._replace(position=position)


class SessionsView(SignedInEndpoint):
    def get_permissions(self) -> list[Any]:
        found = list(super().get_permissions())
        return [*found, RecentlyProven()] if self.request.method == "DELETE" else found

    @extend_schema(responses=SessionAnswer(many=True))
    def get(self, request: Request) -> Response:
        """The caller's own live sessions, newest first."""
        pages = SessionPages()
        rows = pages.paginate_queryset(_own(request), request, view=self) or []
        return pages.get_paginated_response(session_answers(rows, current=session_of(request)))

    @extend_schema(responses={204: None}, operation_id="auth_sessions_destroy_others")
    def delete(self, request: Request) -> Response:
        """End all of the caller's own sessions but the one that asks. Needs step-up."""
        session = session_of(request)
        revoke_all(user=session.user, reason=RevokeReason.ENDED, keep=session)
        return Response(status=204)


class UserSessionsView(SignedInEndpoint):
    permission_classes = (IsAuthenticated, IsSelf | HasPermission("accounts.view_user"))

    @extend_schema(responses=SessionAnswer(many=True))
    def get(self, request: Request, user_id: uuid.UUID) -> Response:
        """A user's live sessions, newest first: for themselves and for who may see accounts."""
        pages = SessionPages()
        users = get_user_model()._default_manager.all()
        mine = user_id == session_of(request).user_id
        owner = user_id if mine else get_object_or_404(users, pk=user_id).pk
        found = pages.paginate_queryset(_live(owner), request, view=self) or []
        return pages.get_paginated_response(session_answers(found, current=session_of(request)))


class SessionView(SignedInEndpoint):
    allow_restricted = frozenset(Restriction)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, session_id: uuid.UUID) -> Response:
        """End one of the caller's own live sessions; anybody else's is a 404."""
        session = _own(request).filter(pk=session_id).first()
        if session is None or not revoke(
            session.pk, user_id=session.user_id, reason=RevokeReason.ENDED
        ):
            raise Http404
        response = Response(status=204)
        if session.pk == session_of(request).pk:
            forget_browser(request._request, response, session)
        return response


class JwksView(Endpoint):
    """Outside of /api/, and for caches: it is the same for everybody."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    schema = None  # type: ignore[assignment]

    def get(self, request: Request) -> Response:
        """The public keys (RFC 7517) that verifiers elsewhere need; none while HS256 signs."""
        keys = [jwk for key in ring.all() if (jwk := key.jwk)]
        tag = quote_etag(secrets.digest(" ".join(jwk["kid"] for jwk in keys))[:32])
        headers = {"Cache-Control": f"public, max-age={conf().JWKS_MAX_AGE}", "ETag": tag}
        response = Response({"keys": keys}, headers=headers)
        unchanged = get_conditional_response(request._request, tag, None, response)
        return cast("Response", unchanged)


def _rotated(request: Request, session: Session, presented: Claims) -> Response:
    client, known = Client.of(request._request), facts(session)
    return refresh_answer(rotate(session, presented=presented, client=client), known)


def _moment(position: str) -> str:
    try:
        moment = parse_datetime(position)
        if moment is None or moment.tzinfo is None:
            raise ValueError("no moment in time")
        return str(moment.astimezone(UTC))  # databases know fewer offsets than Python
    except (ValueError, OverflowError) as error:
        raise NotFound(SessionPages.invalid_cursor_message) from error


def _own(request: Request) -> SessionQuerySet:
    return _live(session_of(request).user_id)


def _live(user_id: Any) -> SessionQuerySet:
    return Session.objects.open().filter(user_id=user_id)


def _refresh_cookie(request: Request) -> str | None:
    return cookies.REFRESH.read(request._request) if authorization(request) is None else None


def _end(request: Request, presented: list[Claims], *, by_cookie: bool) -> Response:
    for claims in presented:
        revoke(claims.sid, user_id=claims.sub, reason=RevokeReason.LOGOUT)
    if by_cookie:
        request._request.session.flush()  # the same browser's pages
    response = Response(status=204)
    cookies.clear_all(response)
    return response
