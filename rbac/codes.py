"""Permissions by their code, `app.codename`: as code, the API and files of roles write them."""

from collections.abc import Iterable

from django.contrib.auth.models import Permission
from django.db import router
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Concat

from rbac.models import Role

CODE = Concat(F("content_type__app_label"), Value("."), F("codename"))


def permissions() -> QuerySet[Permission]:
    """Every permission, read where roles are written, in no order."""
    return Permission.objects.using(router.db_for_write(Role)).order_by()


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
