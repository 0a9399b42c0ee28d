"""How a session looks from outside; the same classes render it and document it."""

from collections.abc import Iterable
from typing import Any

from rest_framework import serializers

from tokens.devices import device_label
from tokens.models import Restriction, Session, Transport


class SessionAnswer(serializers.Serializer[Session]):
    id = serializers.UUIDField()
    device = serializers.SerializerMethodField()
    ip = serializers.IPAddressField(allow_null=True)
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    remember_me = serializers.BooleanField()
    transport = serializers.ChoiceField(Transport.choices)
    auth_methods = serializers.ListField(child=serializers.CharField())
    restriction = serializers.SerializerMethodField()
    current = serializers.SerializerMethodField()

    def get_device(self, session: Session) -> str:
        return device_label(session.user_agent)

    def get_restriction(self, session: Session) -> Restriction | None:
        return Restriction(session.restriction) if session.restriction else None

    def get_current(self, session: Session) -> bool:
        return bool(session.pk == self.context["current"])


class RefreshAnswer(serializers.Serializer[Any]):
    """`access` and `refresh` are there where the session's transport puts them in the body."""

    session = SessionAnswer()
    expires_in = serializers.IntegerField()
    access = serializers.CharField(required=False)
    refresh = serializers.CharField(required=False)


def session_answer(session: Session, *, current: Session | None = None) -> dict[str, Any]:
    """One session; `current` is the asking one, by default itself."""
    return dict(SessionAnswer(session, context={"current": (current or session).pk}).data)


def session_answers(sessions: Iterable[Session], *, current: Session) -> list[dict[str, Any]]:
    return [session_answer(session, current=current) for session in sessions]
