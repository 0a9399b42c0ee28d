"""Sessions as staff see them, read only. `accounts.admin` registers them with the button that ends
one: over whom staff may do that is not for this floor to know."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.core.exceptions import BadRequest, ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from portcullis.places import place_of
from tokens.devices import device_label
from tokens.models import Session


def moment(field: str, description: str) -> Callable[[Any], str]:
    """A column for a moment, short enough for a list."""

    @admin.display(description=description, ordering=field)
    def column(row: Any) -> str:
        at = getattr(row, field)
        return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else "-"

    return column


class StrictAdmin(admin.ModelAdmin[Any]):
    """Lists are filtered by what their filters offer and by nothing else.

    Django takes any column from the query string: `?password__startswith=` and the number of rows
    that are left would tell a hash, character by character.
    """

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        offered = {getattr(each, "parameter_name", None) for each in self.list_filter}
        offered |= {f"{each}__{end}" for each in self.list_filter for end in ("exact", "id__exact")}
        return lookup in offered and "\0" not in str(value)  # PostgreSQL's text has no NUL

    def response_action(self, *args: Any, **kwargs: Any) -> HttpResponse | None:
        try:
            return super().response_action(*args, **kwargs)
        except (ValidationError, ValueError) as error:  # no id could look like what was chosen
            raise BadRequest from error


class ReadOnlyAdmin(StrictAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class LiveFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("live", "Live"), ("ended", "Ended")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Session]) -> QuerySet[Session]:
        live = Session.objects.open()
        match self.value():
            case "live":
                return queryset.filter(pk__in=live.values("pk"))
            case "ended":
                return queryset.exclude(pk__in=live.values("pk"))
        return queryset


class SessionAdmin(ReadOnlyAdmin):
    list_display = (
        "user",
        "device",
        "ip",
        "carried",
        moment("created_at", "opened"),
        moment("last_used_at", "last used"),
        "state",
    )
    list_display_links = ("user", "device")
    list_filter = (LiveFilter, "transport", "restriction")
    list_select_related = ("user",)
    ordering = ("-last_used_at", "pk")
    search_fields = ("user__email",)
    fields = readonly_fields = (
        "id",
        "user",
        "state",
        "revoked_at",
        "device",
        "user_agent",
        "ip",
        "place",
        "transport",
        "remember_me",
        "restriction",
        "auth_methods",
        "created_at",
        "last_used_at",
        "proved_at",
        "second_factor_at",
        "expires_at",
        "absolute_expires_at",
    )

    @admin.display(description="device")
    def device(self, session: Session) -> str:
        return device_label(session.user_agent)

    @admin.display(description="place")
    def place(self, session: Session) -> str:
        return place_of(session.ip) or "-"

    @admin.display(description="transport", ordering="transport")
    def carried(self, session: Session) -> str:
        return session.transport

    @admin.display(description="state")
    def state(self, session: Session) -> str:
        """Live, or how it ended."""
        if session.revoked_at:
            return str(session.get_revoke_reason_display())
        death = session.death(timezone.now())
        return death.value.capitalize() if death else "Live"
