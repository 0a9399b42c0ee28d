"""Refresh, logout, the list of sessions, and the public keys."""

import uuid

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotAuthenticated
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

from portcullis.client import Client
from portcullis.csrf import enforce_csrf
from portcullis.parsing import parse
from tokens import cookies, jwt
from tokens.answers import RefreshAnswer, SessionAnswer, session_answers
from tokens.api.serializers import RefreshBody
from tokens.authentication import authorization, bearer_token
from tokens.delivery import refresh_answer
from tokens.django_session import flush_if_tied
from tokens.endpoints import PublicEndpoint, SignedInEndpoint, session_of
from tokens.errors import TokenExpired, TokenInvalid
from tokens.flows import read, revoke, rotate
from tokens.jwt import Claims, Kind
from tokens.keyring import ring
from tokens.models import Restriction, RevokeReason, Session, SessionQuerySet, Transport


class RefreshView(PublicEndpoint):
    """The refresh token travels in its cookie or in the body, never in the Authorization header;
    a request that has that header is judged without its cookies."""

    @extend_schema(request=RefreshBody, responses=RefreshAnswer)
    def post(self, request: Request) -> Response:
        """Rotate: a new access and refresh token for the session."""
        raw = parse(RefreshBody, request).get("refresh")
        cookie = None if raw else _refresh_cookie(request)
        if not raw and not cookie:
            raise NotAuthenticated
        if cookie:
            enforce_csrf(request)
        claims = _decode_refresh(raw or cookie or "")
        session = read(claims)
        if raw and session.transport != Transport.BEARER:
            enforce_csrf(request)  # the answer sets cookies
        return refresh_answer(rotate(session, presented=claims, client=Client.of(request._request)))

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        """Log out by the refresh cookie, also after the access token is gone."""
        cookie = _refresh_cookie(request)
        if not cookie:
            raise NotAuthenticated
        enforce_csrf(request)
        return _end(request, [_decode_any(cookie)])

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        if isinstance(exc, TokenInvalid) and _refresh_cookie(self.request):
            cookies.REFRESH.clear(response)
        return response


class LogoutView(PublicEndpoint):
    @extend_schema(request=RefreshBody, responses={204: None})
    def post(self, request: Request) -> Response:
        """End the session behind any token that we signed, expired or ended ones included."""
        body = parse(RefreshBody, request).get("refresh")
        header = authorization(request)
        cookie = cookies.ACCESS.read(request._request) if header is None else None
        presented = [bearer_token(header)] if header is not None else [cookie]
        tokens = [token for token in (*presented, body) if token]
        if not tokens:
            raise NotAuthenticated
        if header is None and (cookie or settings.SESSION_COOKIE_NAME in request.COOKIES):
            enforce_csrf(request)
        return _end(request, [_decode_any(token) for token in tokens])


class SessionPages(CursorPagination):
    page_size = 50
    ordering = ("-created_at", "id")


class SessionsView(SignedInEndpoint):
    @extend_schema(responses=SessionAnswer(many=True))
    def get(self, request: Request) -> Response:
        """The caller's own live sessions, newest first."""
        pages = SessionPages()
        rows = pages.paginate_queryset(_own(request), request, view=self) or []
        return pages.get_paginated_response(session_answers(rows, current=session_of(request)))


class SessionView(SignedInEndpoint):
    allow_restricted = frozenset(Restriction)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, session_id: uuid.UUID) -> Response:
        """End one of the caller's own live sessions; anybody else's is a 404."""
        session = _own(request).filter(pk=session_id).first()
        if session is None or not revoke(session, RevokeReason.ENDED):
            raise Http404
        response = Response(status=204)
        if session.pk == session_of(request).pk:
            flush_if_tied(request._request, [session.pk])
            cookies.clear_all(response)
        return response


def jwks(request: HttpRequest) -> HttpResponse:
    """The public keys (RFC 7517) that verifiers elsewhere need; none while HS256 signs."""
    keys = [jwk for key in ring.all() if (jwk := key.jwk)]
    response = JsonResponse({"keys": keys})
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def _own(request: Request) -> SessionQuerySet:
    return Session.objects.open().filter(user_id=session_of(request).user_id)


def _refresh_cookie(request: Request) -> str | None:
    return cookies.REFRESH.read(request._request) if authorization(request) is None else None


def _decode_refresh(raw: str) -> Claims:
    try:
        return jwt.decode(raw, kind=Kind.REFRESH)
    except TokenExpired as error:  # `token_expired` tells a client to refresh: not this one
        raise TokenInvalid("refresh token expired") from error


def _decode_any(raw: str) -> Claims:
    return jwt.decode(raw, kind=None, expired_ok=True)


def _end(request: Request, presented: list[Claims]) -> Response:
    for claims in presented:
        session = Session.objects.filter(pk=claims.sid).first()
        if session:
            revoke(session, RevokeReason.LOGOUT)
    flush_if_tied(request._request, [claims.sid for claims in presented])
    response = Response(status=204)
    cookies.clear_all(response)
    return response
