"""How an account is, in words, and the filters that find accounts by it."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

Row = Any


def state_of(user: Any) -> str:
    """All that keeps somebody out, or nothing."""
    facts = {
        "deactivated": not user.is_active,
        "closed": user.closed_at,
        "unconfirmed registration": user.is_pending,
        "must choose a password": user.must_change_password,
    }
    return ", ".join(word for word, so in facts.items() if so).capitalize() or "Active"


class HappenedFilter(admin.SimpleListFilter):
    """Whether a moment has come: yes or no."""

    column = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Yes"), ("no", "No")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Row]) -> QuerySet[Row]:
        if self.value() not in {"yes", "no"}:
            return queryset
        return queryset.filter(**{f"{self.column}__isnull": self.value() == "no"})


class VerifiedFilter(HappenedFilter):
    title = parameter_name = "verified"
    column = "email_verified_at"


class ClosedFilter(HappenedFilter):
    title = parameter_name = "closed"
    column = "closed_at"
