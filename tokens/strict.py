"""Strict authentication: the session row joined with its user, in one statement compiled once.

Building and compiling the query is most of what the ORM costs here, and the SQL is always the
same: so it is compiled with a sentinel for the session id, and each call only puts the id in.
Converters and `from_db` are Django's own, so the objects are what the ORM would have returned.
"""

import dataclasses
import uuid
from collections.abc import Callable
from typing import Any

from django.core.signals import setting_changed
from django.db import connections, router

from tokens.models import Session

SENTINEL = uuid.UUID("00000000-dead-beef-dead-000000000000")


@dataclasses.dataclass(frozen=True, slots=True)
class Statement:
    sql: str
    parameters: tuple[Any, ...]
    converters: Any
    apply_converters: Callable[[Any, Any], Any]
    session_fields: list[str]
    user_model: Any
    user_fields: list[str]
    adapt: Callable[[uuid.UUID], Any]


_compiled: dict[str, Statement] = {}
setting_changed.connect(lambda **changed: _compiled.clear(), weak=False)


def fetch(sid: uuid.UUID) -> Session | None:
    """The session of that id with its user loaded, dead or alive; None if there is no such row.

    One statement, read where writes go: a replica that lags would accept what is revoked.
    """
    alias = router.db_for_write(Session)
    statement = _compiled.get(alias)
    if statement is None:
        statement = _compiled[alias] = _compile(alias)
    adapted = statement.adapt(sid)
    parameters = [adapted if value is SENTINEL else value for value in statement.parameters]
    with connections[alias].cursor() as cursor:
        cursor.execute(statement.sql, parameters)
        row = cursor.fetchone()
    if row is None:
        return None
    if statement.converters:
        row = next(iter(statement.apply_converters([row], statement.converters)))
    split = len(statement.session_fields)
    session: Session = Session.from_db(alias, statement.session_fields, row[:split])
    session.user = statement.user_model.from_db(alias, statement.user_fields, row[split:])
    return session


def _compile(alias: str) -> Statement:
    connection = connections[alias]
    query = Session.objects.using(alias).select_related("user").filter(pk=SENTINEL).query
    compiler = query.get_compiler(using=alias)
    sql, parameters = compiler.as_sql()
    field = Session._meta.pk
    marker = field.get_db_prep_value(SENTINEL, connection)
    columns = [expression for expression, _, _ in compiler.select or []]
    converters = compiler.get_converters(columns)
    user_model = Session._meta.get_field("user").related_model
    return Statement(
        sql=sql,
        parameters=tuple(SENTINEL if value == marker else value for value in parameters),
        converters=converters,
        apply_converters=compiler.apply_converters,
        session_fields=[f.attname for f in Session._meta.concrete_fields],
        user_model=user_model,
        user_fields=[f.attname for f in user_model._meta.concrete_fields],
        adapt=lambda value: field.get_db_prep_value(value, connections[alias]),
    )
