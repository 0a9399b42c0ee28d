"""A token as far as it can be read, whoever wrote it, and the session that it names."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from django.utils import timezone

from tokens import jwt, strict
from tokens.diagnosis.steps import brief
from tokens.errors import TokenInvalid
from tokens.jwt import Kind
from tokens.keyring import Key, ring
from tokens.models import Death, Session

NONSENSE = (TokenInvalid, ValueError, LookupError, TypeError, AttributeError)
"""What the server's rules raise on what nobody has verified."""


class Token:
    """What cannot be read is empty or None."""

    def __init__(self, raw: str, *, cookie: bool) -> None:
        self.raw = raw
        self.in_cookie = cookie
        self.now = timezone.now()

    @cached_property
    def header(self) -> dict[str, Any]:
        return self._part(0)

    @cached_property
    def payload(self) -> dict[str, Any]:
        payload = self._part(1)
        return payload if broken(jwt.upgraded, payload) else jwt.upgraded(payload)

    @cached_property
    def kind(self) -> Kind | None:
        """As its `typ` says, or else its `type`."""
        typ, declared = self.header.get("typ"), self.payload.get("type")
        by_typ = (kind for kind in Kind if kind.typ == typ)
        by_type = (kind for kind in Kind if kind.value == declared)
        return next(by_typ, None) or next(by_type, None)

    @cached_property
    def key(self) -> Key | None:
        """What its signature is checked with."""
        kid = self.header.get("kid")
        key = ring.get(kid) if isinstance(kid, str) else None
        return key if key and key.algorithm == self.header.get("alg") else None

    @cached_property
    def flaw(self) -> str | None:
        """What is wrong with its signature; None if that cannot be told."""
        if self.key is None or not jwt.COMPACT.fullmatch(self.raw):
            return None
        return broken(jwt.signed_part, self.raw, self.key)

    @property
    def verified(self) -> bool:
        return self.flaw == ""

    @property
    def generation(self) -> int | None:
        found = self.payload.get("gen")
        return found if type(found) is int else None

    @cached_property
    def session(self) -> Session | None:
        """Of a verified token: whoever knows the id of a session must not read it by this."""
        if not self.verified or broken(jwt.subject, self.payload):
            return None
        return strict.fetch(jwt.subject(self.payload)[0])

    @cached_property
    def deaths(self) -> list[Death]:
        """Why the session does not speak for its user, or not in this token's generation."""
        if self.session is None:
            return []
        return list(self.session.deaths(self.now, generation=self.generation))

    def _part(self, number: int) -> dict[str, Any]:
        try:
            return jwt.read_part(self.raw, number)
        except NONSENSE:
            return {}


def broken(rule: Callable[..., Any], *facts: Any) -> str:
    """How the facts break a rule of the server's; empty if they keep it."""
    try:
        rule(*facts)
    except NONSENSE as error:
        return brief(str(error)) or type(error).__name__
    return ""
