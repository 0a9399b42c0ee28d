"""Permissions by their code, `app.codename`: as code, the API and files of roles write them."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Permission
from django.db import router
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Concat

from rbac.models import Role

CODE = Concat(F("content_type__app_label"), Value("."), F("codename"))


def permissions() -> QuerySet[Permission]:
    """Every permission, read where roles are written, in no order."""
    return Permission.objects.using(router.db_for_write(Role)).order_by()


def coded() -> QuerySet[Any]:
    """The same with their `code`."""
    return permissions().annotate(code=CODE).select_related("content_type")


def codes_by_role(roles: Iterable[int]) -> defaultdict[int, set[str]]:
    """What each of these roles holds itself. Two statements; each code is in memory once."""
    holds = Role.permissions.through._default_manager.using(router.db_for_write(Role))
    pairs = holds.filter(role_id__in=list(roles))
    held = permissions().filter(pk__in=pairs.values("permission_id"))
    names = dict(held.annotate(code=CODE).values_list("pk", "code"))
    found: defaultdict[int, set[str]] = defaultdict(set)
    for role, permission in pairs.values_list("role_id", "permission_id"):
        if permission in names:  # it was there a moment ago
            found[role].add(names[permission])
    return found


def codes_of(rows: QuerySet[Permission]) -> frozenset[str]:
    """One statement."""
    pairs = rows.order_by().values_list("content_type__app_label", "codename").distinct()
    return frozenset(f"{app}.{codename}" for app, codename in pairs)


def rows_of(codes: Iterable[str]) -> dict[str, list[int]]:
    """The primary keys behind each code that there is: two models of an app may share a codename,
    and then both."""
    wanted = set(codes)
    found: dict[str, list[int]] = {}
    rows = permissions().filter(codename__in={code.partition(".")[2] for code in wanted})
    for pk, app, codename in rows.values_list("pk", "content_type__app_label", "codename"):
        if (code := f"{app}.{codename}") in wanted:
            found.setdefault(code, []).append(pk)
    return found
