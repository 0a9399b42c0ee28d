"""Sessions in the admin: `tokens.admin` shows them, and a flow ends one."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.admin.actions import has_authority
from accounts.admin.step_up import StepUpAdmin
from accounts.flows import staff
from tokens.admin import SessionAdmin
from tokens.admin_diagnosis import DiagnosisMixin
from tokens.models import Session

Row = Any


class StaffSessionAdmin(DiagnosisMixin, StepUpAdmin, SessionAdmin):
    row = "session"
    actions = sensitive_actions = ("end_session",)

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tokens.change_session")

    def buttons(self, request: HttpRequest, row: Session) -> list[str]:
        live = row.death(timezone.now()) is None
        return ["end_session"] if live and has_authority(request, row.user) else []

    def describe(self, row: Session) -> str:
        return f"{row.user}: {self.device(row)}"

    @admin.action(permissions=["end"], description="End the session")
    def end_session(self, request: HttpRequest, sessions: QuerySet[Row]) -> HttpResponse | None:
        return self.run(request, sessions, staff.end_session, done="Ended.")
