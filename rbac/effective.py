"""What somebody is and may do at this moment, by one statement: every role that they hold or
inherit, and every permission that these, their groups and they themselves have."""

import dataclasses
import functools
import json
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import NotSupportedError, connections, models, router
from django.utils import timezone

from rbac.models import Role, RoleAssignment
from rbac.system import SystemRole, computed_roles

DEFAULT = SystemRole.USER.value
# As one value: ten thousand rows cost more than the permissions in them.
AS_JSON = {"postgresql": "COALESCE(json_agg({})::text, '[]')", "sqlite": "json_group_array({})"}


@dataclasses.dataclass(frozen=True, slots=True)
class Effective:
    """`roles` are slugs, the highest rank first; `rank` is the highest there is among them."""

    roles: tuple[str, ...] = ()
    rank: int = 0
    permissions: frozenset[str] = frozenset()
    mfa_required: bool = False
    """Whether one of the roles demands a second factor."""


NOBODY = Effective()


def effective(user: Any) -> Effective:
    """What is in force for `user`, read once and kept on the object: a request loads its own.

    Of somebody inactive, what would be in force if they were let in.
    """
    if user is None or user.is_anonymous or user.pk is None:
        return NOBODY
    known: Effective | None = getattr(user, "_effective", None)
    if known is None:
        known = user._effective = read(user)
    return known


def forget(user: Any) -> None:
    """What was read before does not hold any more."""
    if hasattr(user, "_effective"):
        del user._effective


def read(user: Any, *, at: datetime | None = None) -> Effective:
    """The same as the database has it now, of this moment or of another one: one statement,
    whatever the number of roles. Raises NotSupportedError for databases that it does not know."""
    connection = connections[router.db_for_write(Role)]
    moment = RoleAssignment._meta.get_field("starts_at")
    now = moment.get_db_prep_value(at or timezone.now(), connection)
    pk = user._meta.pk.get_db_prep_value(user.pk, connection)
    first, *others = sorted(computed_roles(user))
    with connection.cursor() as cursor:
        cursor.execute(
            _statement(connection.alias, user.is_superuser),
            {"user": pk, "now": now, "computed": first, "also": others[0] if others else first},
        )
        rows = cursor.fetchall()
    (codes,) = (codes for *_, codes in rows if codes is not None)
    held = sorted((-rank, slug, mfa) for slug, rank, mfa, codes in rows if codes is None)
    slugs = [slug for _, slug, _ in held]
    return Effective(
        roles=tuple(slugs if DEFAULT in slugs else [*slugs, DEFAULT]),
        rank=max((-rank for rank, _, _ in held), default=0),
        permissions=frozenset(json.loads(codes)),
        mfa_required=any(mfa for _, _, mfa in held),
    )


@functools.lru_cache(maxsize=8)
def _statement(alias: str, everything: bool) -> str:
    """Roles as rows, then all permissions as one. A cycle, should one have been written past the
    flows, ends it like any other hierarchy: UNION keeps each role once."""
    quote = connections[alias].ops.quote_name
    vendor = connections[alias].vendor
    if vendor not in AS_JSON:
        raise NotSupportedError(f"roles are read from PostgreSQL and SQLite, not from {vendor}")
    codes = AS_JSON[vendor].format("kind.app_label || '.' || p.codename")

    def table(model: type[models.Model]) -> str:
        return quote(model._meta.db_table)

    def through(field: Any) -> tuple[str, ...]:
        name = table(field.remote_field.through)
        columns = field.m2m_column_name(), field.m2m_reverse_name()
        return name, *(f"{name}.{quote(column)}" for column in columns)

    user, role, assigned = get_user_model(), table(Role), table(RoleAssignment)
    parents, child, parent = through(Role._meta.get_field("parents"))
    of_roles, holder, by_role = through(Role._meta.get_field("permissions"))
    of_users, owner, by_user = through(user._meta.get_field("user_permissions"))
    memberships, member, group = through(user._meta.get_field("groups"))
    of_groups, granting, by_group = through(Group._meta.get_field("permissions"))
    # Names of tables and columns, quoted; every value is a parameter.
    held_permissions = f"""WHERE p.id IN (
        SELECT {by_role} FROM {of_roles} JOIN held ON held.id = {holder}
        UNION ALL SELECT {by_user} FROM {of_users} WHERE {owner} = %(user)s
        UNION ALL SELECT {by_group} FROM {of_groups} JOIN {memberships} ON {granting} = {group}
            WHERE {member} = %(user)s)"""  # noqa: S608
    return f"""WITH RECURSIVE held(id) AS (
        SELECT role_id FROM {assigned} WHERE user_id = %(user)s AND starts_at <= %(now)s
            AND (expires_at IS NULL OR expires_at > %(now)s)
        UNION SELECT id FROM {role} WHERE slug IN (%(computed)s, %(also)s)
        UNION SELECT {parent} FROM {parents} JOIN held ON held.id = {child})
    SELECT slug, rank, mfa_required, NULL FROM {role} JOIN held ON held.id = {role}.id
    UNION ALL
    SELECT NULL, NULL, NULL, {codes} FROM {table(Permission)} p
        JOIN {table(ContentType)} kind ON kind.id = p.content_type_id
        {"" if everything else held_permissions}"""  # noqa: S608
