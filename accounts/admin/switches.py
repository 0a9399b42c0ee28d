"""Switches in the admin: the doors of `portcullis.switches`, closed and opened with a reason."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from accounts.admin.step_up import StepUpAdmin
from accounts.admin.times import utc_moment
from accounts.base_user import AbstractEmailUser
from accounts.flows.operating import FLIP, flip_switch
from portcullis.client import Client
from portcullis.switches import Door
from tokens.admin import ReadOnlyAdmin

Row = Any


def close(*, by: AbstractEmailUser, switch: Row, reason: str, client: Client) -> bool:
    return flip_switch(by=by, door=Door(switch.name), off=True, reason=reason, client=client)


def open_again(*, by: AbstractEmailUser, switch: Row, reason: str, client: Client) -> bool:
    return flip_switch(by=by, door=Door(switch.name), off=False, reason=reason, client=client)


class SwitchAdmin(StepUpAdmin, ReadOnlyAdmin):
    """Names are the code's. A switch that no door has is not ours to show."""

    row = "switch"
    actions = sensitive_actions = ("close", "open_again")
    list_display = ("door", "name", "state", utc_moment("modified", "changed (UTC)"))
    fields = readonly_fields = ("door", "name", "state", "modified")
    ordering = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Row]:
        return super().get_queryset(request).filter(name__in=Door.values)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_flip_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return self.has_flip_permission(request)

    def has_flip_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(FLIP)

    def buttons(self, request: HttpRequest, row: Row) -> list[str]:
        return ["open_again" if row.active else "close"]

    def describe(self, row: Row) -> str:
        return f"{self.door(row)}: {self.state(row)}"

    @admin.display(description="door")
    def door(self, switch: Row) -> str:
        return str(Door(switch.name).label)

    @admin.display(description="state", ordering="active")
    def state(self, switch: Row) -> str:
        return "Closed" if switch.active else "As the settings have it"

    @admin.action(permissions=["flip"], description="Close")
    def close(self, request: HttpRequest, switches: QuerySet[Row]) -> HttpResponse | None:
        return self.run(request, switches, close, done="Closed.", why=True)

    @admin.action(permissions=["flip"], description="Open as far as the settings do")
    def open_again(self, request: HttpRequest, switches: QuerySet[Row]) -> HttpResponse | None:
        return self.run(request, switches, open_again, done="Open again.", why=True)
