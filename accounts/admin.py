"""Accounts, their sessions and their links for staff. Whatever changes something is a flow.

A project with its own user model registers it with `UserAdmin` from here.
"""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangosGroupAdmin
from django.contrib.auth.models import Group
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.admin_actions import FlowAdmin, has_authority
from accounts.admin_keys import SigningKeyAdmin
from accounts.admin_users import UserAdmin
from accounts.flows import staff
from accounts.models import OneTimeToken, User
from tokens.admin import ReadOnlyAdmin, SessionAdmin, StrictAdmin, moment
from tokens.admin_diagnosis import DiagnosisMixin
from tokens.models import Session, SigningKey

Row = Any


class StaffSessionAdmin(DiagnosisMixin, FlowAdmin, SessionAdmin):
    row = "session"
    actions = ("end_session",)

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


class OneTimeTokenAdmin(ReadOnlyAdmin):
    """Mailed links. Decoys, which belong to nobody, are left out: they are traffic, not accounts'.

    What could open or forge one (digest, state, payload) is not even read from the database.
    """

    list_display = (
        "purpose",
        "user",
        "recipient",
        moment("created_at", "created"),
        moment("expires_at", "expires"),
        "how_it_is",
    )
    list_filter = ("purpose",)
    list_select_related = ("user",)
    ordering = ("-created_at", "pk")
    search_fields = ("recipient", "user__email")
    fields = readonly_fields = (
        "purpose",
        "user",
        "recipient",
        "how_it_is",
        "created_at",
        "expires_at",
        "spent_at",
        "killed_at",
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        links = super().get_queryset(request).filter(user__isnull=False)
        return links.defer("digest", "state", "payload").annotate(mailed=Q(digest__isnull=False))

    @admin.display(description="state")
    def how_it_is(self, link: Any) -> str:
        if link.spent_at:
            return "Spent"
        if link.killed_at:
            return "Replaced or withdrawn"
        if link.expires_at <= timezone.now():
            return "Expired"
        return "Mailed" if link.mailed else "Waiting for the worker"


class GroupAdmin(DjangosGroupAdmin, StrictAdmin):
    """A group is a bundle of permissions: changing one gives them to whoever is in it."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser


admin.site.register(User, UserAdmin)
admin.site.register(Session, StaffSessionAdmin)
admin.site.register(SigningKey, SigningKeyAdmin)
admin.site.register(OneTimeToken, OneTimeTokenAdmin)
if admin.site.is_registered(Group):
    admin.site.unregister(Group)
admin.site.register(Group, GroupAdmin)
