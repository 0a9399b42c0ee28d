"""How a session looks from outside: the classes document it, the functions make it.

A serializer would copy its fields for each answer, which a refresh would pay for (a test holds the
two together).
"""

from collections.abc import Iterable
from typing import Any

from rest_framework import serializers

from tokens.devices import device_label
from tokens.models import Restriction, Session, Transport


class SessionAnswer(serializers.Serializer[Session]):
    id = serializers.UUIDField()
    device = serializers.CharField()
    ip = serializers.IPAddressField(allow_null=True)
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    remember_me = serializers.BooleanField()
    transport = serializers.ChoiceField(Transport.choices)
    auth_methods = serializers.ListField(child=serializers.CharField())
    restriction = serializers.ChoiceField(Restriction.choices, allow_null=True)
    current = serializers.BooleanField()


class RefreshAnswer(serializers.Serializer[Any]):
    """`access` and `refresh` are there where the session's transport puts them in the body."""

    session = SessionAnswer()
    expires_in = serializers.IntegerField()
    access = serializers.CharField(required=False)
    refresh = serializers.CharField(required=False)


class IntrospectionAnswer(serializers.Serializer[Any]):
    """RFC 7662. Nothing but `active` where it is false; besides these, every claim of the token."""

    active = serializers.BooleanField()
    token_type = serializers.CharField(required=False)
    username = serializers.CharField(required=False)
    sub = serializers.CharField(required=False)
    sid = serializers.UUIDField(required=False)
    iss = serializers.CharField(required=False)
    aud = serializers.CharField(required=False)
    iat = serializers.IntegerField(required=False)
    exp = serializers.IntegerField(required=False)
    jti = serializers.CharField(required=False)


def session_answer(session: Session, *, current: Session | None = None) -> dict[str, Any]:
    """One session; `current` is the asking one, by default itself."""
    return {
        "id": session.pk,
        "device": device_label(session.user_agent),
        "ip": session.ip,
        "created_at": session.created_at,
        "last_used_at": session.last_used_at,
        "expires_at": session.expires_at,
        "remember_me": session.remember_me,
        "transport": session.transport,
        "auth_methods": session.auth_methods,
        "restriction": session.restriction or None,
        "current": session.pk == (current or session).pk,
    }


def session_answers(sessions: Iterable[Session], *, current: Session) -> list[dict[str, Any]]:
    return [session_answer(session, current=current) for session in sessions]
