"""The two statements of the hot paths: read a session with its user, move it one generation on."""

import dataclasses
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import connections, router, transaction
from django.db.models import Exists, F
from django.db.models.sql import UpdateQuery

from tokens.errors import TokenInvalid
from tokens.jwt import Claims
from tokens.models import KeyState, Session, SessionQuerySet, SigningKey
from tokens.prepared import Hole, Statement, compile_statement, once_per_database


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    statement: Statement
    converters: Any
    apply_converters: Callable[[Any, Any], Any]
    session_fields: list[str]
    user_model: Any
    user_fields: list[str]


def fetch(sid: uuid.UUID) -> Session | None:
    """The session of that id with its user loaded, dead or alive; None if there is no such row.

    One statement, read where writes go: a replica that lags would accept what is revoked.
    """
    alias = router.db_for_write(Session)
    return _load(alias, _reading(alias), id=sid)


def read(claims: Claims) -> Session:
    """The session that a token speaks for, dead or alive, in the same one statement.

    Raises TokenInvalid if there is none, or if the token's key is refused: a compromised one is,
    in every process from the next request on, before their key rings are read again.
    """
    alias = router.db_for_write(Session)
    session = _load(alias, _reading_by_token(alias), id=claims.sid, kid=claims.kid)
    if session is None or str(session.user_id) != claims.sub:
        raise TokenInvalid("no such session, or the token's key is refused")
    return session


def _load(alias: str, reading: Reading, **values: Any) -> Session | None:
    with connections[alias].cursor() as cursor:
        cursor.execute(reading.statement.sql, reading.statement.fill(alias, **values))
        row = cursor.fetchone()
    if row is None:
        return None
    if reading.converters:
        row = next(iter(reading.apply_converters([row], reading.converters)))
    split = len(reading.session_fields)
    session: Session = Session.from_db(alias, reading.session_fields, row[:split])
    session.user = reading.user_model.from_db(alias, reading.user_fields, row[split:])
    return session


def advance(session: Session, *, now: datetime, expires_at: datetime) -> bool:
    """Compare and swap: to the next generation, if the session is alive and nobody else did it.

    One UPDATE. The user is looked at in a subquery, never in a join: a joined filter would move
    the whole WHERE into a subselect that PostgreSQL does not evaluate again after waiting for the
    row, and two rotations would both win.
    """
    alias = router.db_for_write(Session)
    statement = _advancing(alias)
    parameters = statement.fill(
        alias, id=session.pk, generation=session.generation, now=now, expires_at=expires_at
    )
    with transaction.mark_for_rollback_on_error(using=alias), connections[alias].cursor() as cursor:
        cursor.execute(statement.sql, parameters)
        return bool(cursor.rowcount)


@once_per_database
def _reading(alias: str) -> Reading:
    sid = Hole(_field("id"))
    return _compile(alias, Session.objects.filter(pk=sid.sentinel), {"id": sid})


@once_per_database
def _reading_by_token(alias: str) -> Reading:
    sid, kid = Hole(_field("id")), Hole(SigningKey._meta.get_field("kid"))
    key = SigningKey.objects.filter(kid=kid.sentinel).exclude(state=KeyState.RETIRED.value)
    sessions = Session.objects.filter(Exists(key), pk=sid.sentinel)
    return _compile(alias, sessions, {"id": sid, "kid": kid})


def _compile(alias: str, sessions: SessionQuerySet, holes: Mapping[str, Hole]) -> Reading:
    query = sessions.using(alias).select_related("user").query
    compiler = query.get_compiler(using=alias)
    statement = compile_statement(alias, compiler, holes)
    user_model = _field("user").related_model
    return Reading(
        statement=statement,
        converters=compiler.get_converters([column for column, _, _ in compiler.select or []]),
        apply_converters=compiler.apply_converters,
        session_fields=[field.attname for field in Session._meta.concrete_fields],
        user_model=user_model,
        user_fields=[field.attname for field in user_model._meta.concrete_fields],
    )


@once_per_database
def _advancing(alias: str) -> Statement:
    holes = {
        "id": Hole(_field("id")),
        "generation": Hole(_field("generation")),
        "now": Hole(_field("rotated_at")),
        "expires_at": Hole(_field("expires_at"), shift=1),
    }
    generation, now = holes["generation"].sentinel, holes["now"].sentinel
    candidates = (
        Session.objects.using(alias)
        .open(now)
        .filter(pk=holes["id"].sentinel, generation=generation, min_generation__lte=generation)
    )
    query: Any = candidates.query.chain(UpdateQuery)
    query.add_update_values(
        {
            "generation": F("generation") + 1,
            "rotated_at": now,
            "last_used_at": now,
            "expires_at": holes["expires_at"].sentinel,
        }
    )
    return compile_statement(alias, query.get_compiler(using=alias), holes)


def _field(name: str) -> Any:
    return Session._meta.get_field(name)
