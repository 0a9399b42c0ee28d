"""Users in the admin: found, added, changed, and acted upon by flows."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.auth.models import Permission
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts.admin.actions import has_authority, signed_in
from accounts.admin.assignments import may_touch_roles
from accounts.admin.forms import AccountForm, AddressForm
from accounts.admin.panels import panels
from accounts.admin.states import ClosedFilter, VerifiedFilter, state_of
from accounts.admin.step_up import StepUpAdmin, proven
from accounts.flows import staff
from accounts.flows.verification import is_only_invited, waits
from portcullis.client import Client
from portcullis.errors import AuthError
from tokens.admin import moment
from tokens.models import Session

Row = Any

STATE = ("how_it_is", "email_verified_at", "date_joined", "closed_at", "live_sessions", "id")


def gives_privileges(request: HttpRequest) -> bool:
    return bool(request.user.is_superuser) and proven(request)


class UserAdmin(StepUpAdmin):
    """No password and no hash, here or on a page of its own: staff have a reset link mailed.

    Accounts are not deleted here. Erasure is more than a row: it is a flow of its own.
    """

    row = "user"
    form = AccountForm
    change_form_template = "accounts/admin/user_form.html"
    list_display = (
        "email",
        "name",
        "verified",
        "how_it_is",
        "is_staff",
        moment("date_joined", "joined"),
        "live_sessions",
    )
    list_filter = (
        "is_active",
        VerifiedFilter,
        "is_staff",
        "is_superuser",
        ClosedFilter,
        "is_pending",
        "must_change_password",
    )
    search_fields = ("email", "name")
    ordering = ("-date_joined", "pk")
    actions = sensitive_actions = (
        "deactivate",
        "reactivate",
        "end_sessions",
        "send_reset_link",
        "resend_verification",
        "change_email",
        "lock_down",
    )
    add_fieldsets = (
        (
            None,
            {
                "fields": ("email", "name"),
                "description": "A link is mailed to the address. "
                "Whoever reads it there chooses the password.",
            },
        ),
    )
    fieldsets = (
        (None, {"fields": ("email", "name")}),
        ("State", {"fields": STATE}),
        ("Privileges", {"fields": staff.PRIVILEGES}),
    )
    readonly_fields = ("email", *STATE)
    filter_horizontal = ("groups", "user_permissions")

    def get_queryset(self, request: HttpRequest) -> Any:
        mine = Session.objects.open().filter(user=OuterRef("pk")).order_by().values("user")
        count = Subquery(mine.annotate(count=Count("pk")).values("count"))
        return super().get_queryset(request).annotate(live_sessions=Coalesce(count, 0))

    def get_fieldsets(self, request: HttpRequest, obj: Row | None = None) -> Any:
        if obj is None:
            return self.add_fieldsets
        why = (None, {"fields": ("reason", "seen")})
        return (*self.fieldsets, why) if gives_privileges(request) else self.fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Row | None = None) -> Any:
        if obj is None:
            return ()
        privileges = () if gives_privileges(request) else staff.PRIVILEGES
        return (*self.readonly_fields, *privileges)

    def formfield_for_manytomany(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name == "user_permissions":  # each is called by its content type
            kwargs["queryset"] = Permission.objects.select_related("content_type")
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def locked(self, request: HttpRequest, obj: Row) -> bool:
        """A name is nobody's privilege: it is changed without a proof."""
        if proven(request):
            return False
        more = bool(request.user.is_superuser) or may_touch_roles(request, obj)
        return more or super().locked(request, obj)

    def must_prove(self, request: HttpRequest, object_id: str | None) -> bool:
        """Only a page that was loaded after a proof sends privileges, and what it had `seen`."""
        sent = bool(request.POST.get("seen")) or bool(request.POST.keys() & {*staff.PRIVILEGES})
        return sent and object_id is not None and bool(request.user.is_superuser)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if user := context["original"]:
            context["panels"] = panels(request, user, self.admin_site.name)
        return super().render_change_form(request, context, *args, **kwargs)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) or self.has_add_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        """By the codes that the flows ask for, whatever the project's own model is called."""
        return any(map(request.user.has_perm, (staff.VIEW, staff.CHANGE)))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(staff.ADD)

    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        allowed = request.user.has_perm(staff.CHANGE)
        return allowed and (obj is None or has_authority(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tokens.change_session")

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except AuthError as error:
            self.message_user(request, self.refused(request, error), messages.ERROR)
            return redirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Row, form: Any, change: bool) -> None:
        by, client, typed = signed_in(request), Client.of(request), form.cleaned_data
        if change:
            changes = {name: typed[name] for name in form.changed_data if name != "reason"}
            why = {name: typed[name] for name in ("reason", "seen")}
            if changes:
                staff.change_account(by=by, user=obj, changes=changes, client=client, **why)
        else:
            email, name = typed["email"], typed["name"]
            obj.pk = staff.create_account(by=by, email=email, name=name, client=client).pk

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """What stands in the form is saved by the flow."""
        for formset in formsets:
            self.save_formset(request, form, formset, change=change)

    def buttons(self, request: HttpRequest, row: Row) -> list[str]:
        if not has_authority(request, row):
            return []
        if not row.is_active:
            return ["reactivate", "lock_down"]
        unproven = ["resend_verification"] if waits(row) else []
        known = [] if is_only_invited(row) else ["send_reset_link"]
        common = [*known, *unproven, "end_sessions"]
        if row == request.user:
            return common
        fixed = row.is_pending or row.closed_at or row.is_superuser
        address = [] if fixed else ["change_email"]
        return [*common, *address, "lock_down", "deactivate"]

    def links(self, request: HttpRequest, row: Row) -> list[tuple[str, str]]:
        found = []
        if request.user.has_perm("rbac.view_role"):
            explain = self.url("rbac_role_explain", user=str(row.pk))
            found.append(("Explain a permission", explain))
        return found

    def url(self, name: str, **query: str) -> str:
        page = reverse(f"admin:{name}", current_app=self.admin_site.name)
        return f"{page}?{urlencode(query)}"

    def entered_as(self, row: Row) -> str:
        return str(row.pk)

    @admin.display(description="state", ordering="is_active")
    def how_it_is(self, user: Row) -> str:
        return state_of(user)

    @admin.display(boolean=True, ordering="email_verified_at")
    def verified(self, user: Row) -> bool:
        return user.email_verified_at is not None

    @admin.display(description="live sessions")
    def live_sessions(self, user: Row) -> int:
        count: int = user.live_sessions
        return count

    @admin.action(permissions=["change"], description="Deactivate")
    def deactivate(self, request: HttpRequest, users: QuerySet[Row]) -> HttpResponse | None:
        return self.run(request, users, staff.deactivate, done="Deactivated.", ask=True)

    @admin.action(permissions=["change"], description="Reactivate")
    def reactivate(self, request: HttpRequest, users: QuerySet[Row]) -> HttpResponse | None:
        return self.run(request, users, staff.reactivate, done="Reactivated.")

    @admin.action(permissions=["end"], description="End all sessions")
    def end_sessions(self, request: HttpRequest, users: QuerySet[Row]) -> HttpResponse | None:
        return self.run(request, users, staff.end_sessions, done="All sessions ended.")

    @admin.action(permissions=["change"], description="Send a reset link")
    def send_reset_link(self, request: HttpRequest, users: QuerySet[Row]) -> HttpResponse | None:
        return self.run(request, users, staff.send_reset_link, done="Reset link sent.")

    @admin.action(permissions=["change"], description="Send the verification link again")
    def resend_verification(
        self, request: HttpRequest, users: QuerySet[Row]
    ) -> HttpResponse | None:
        return self.run(request, users, staff.resend_verification, done="Verification link sent.")

    @admin.action(permissions=["change"], description="Change the address")
    def change_email(self, request: HttpRequest, users: QuerySet[Row]) -> HttpResponse | None:
        done = "A link was mailed to the new address."
        return self.run(request, users, staff.change_email, done=done, asking=AddressForm)

    @admin.action(permissions=["change"], description="Lock down and demand a new password")
    def lock_down(self, request: HttpRequest, users: QuerySet[Row]) -> HttpResponse | None:
        return self.run(request, users, staff.lock_down, done="Locked down.", why=True)
