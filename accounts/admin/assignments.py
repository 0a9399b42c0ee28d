"""Who holds which role, since when, until when, by whom and why; given and withdrawn by flows."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from accounts.admin.actions import FlowFormAdmin, has_authority, signed_in
from accounts.admin.forms import AccountField, FlowForm, Reason
from accounts.admin.reach import Reach, may_assign
from accounts.admin.step_up import SensitiveAdmin, proven
from accounts.admin.times import UtcField, utc_moment
from portcullis.client import Client
from portcullis.pages import local_path
from rbac import flows
from rbac.effective import effective
from rbac.models import Role, RoleAssignment

Row = Any

STARTS = utc_moment("starts_at", "from (UTC)")
EXPIRES = utc_moment("expires_at", "until (UTC)")


def state(row: RoleAssignment) -> str:
    now = timezone.now()
    if row.is_in_force(now):
        return "In force"
    return "To come" if row.is_unexpired(now) else "Expired"


class StateFilter(admin.SimpleListFilter):
    title = parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("in-force", "In force"), ("to-come", "To come"), ("expired", "Expired")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        now = timezone.now()
        match self.value():
            case "in-force":
                return queryset.in_force(now)
            case "to-come":
                return queryset.filter(starts_at__gt=now)
            case "expired":
                return queryset.filter(expires_at__lte=now)
        return queryset


class AssignmentForm(FlowForm):
    user = AccountField()
    role = forms.ModelChoiceField(Role.objects.none())
    starts_at = UtcField(label="From", help_text="UTC. Empty: now.")
    expires_at = UtcField(label="Until", help_text="UTC. Empty: for good.")
    reason = Reason()

    class Meta:
        model = RoleAssignment
        fields = ()

    def __init__(self, *args: Any, request: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request or self.request
        user: Any = self.fields["user"]
        user.ask(self.request)
        role: Any = self.fields["role"]
        role.queryset = Role.objects.filter(pk__in=Reach.of(self.request).givable())


def withdraw(*, by: Any, assignment: RoleAssignment, reason: str, client: Client) -> bool:
    """False if it is gone already."""
    return flows.withdraw(
        user=assignment.user, role=assignment.role.slug, by=by, reason=reason, client=client
    )


class RoleAssignmentAdmin(SensitiveAdmin, FlowFormAdmin):
    """For whoever may give roles, also if they may not change accounts."""

    row = "assignment"
    form = AssignmentForm
    actions = sensitive_actions = ("withdraw",)
    list_display = (
        "user",
        "role",
        "how_it_is",
        STARTS,
        EXPIRES,
        "granted_by",
        "reason",
    )
    list_filter = (StateFilter, "role")
    list_select_related = ("user", "role", "granted_by")
    ordering = ("-granted_at", "pk")
    search_fields = ("user__email",)
    add_fields = ("user", "role", "starts_at", "expires_at", "reason")
    fields: ClassVar[Any] = ("user", "role", "how_it_is", STARTS, EXPIRES, "granted_by", "reason")
    readonly_fields: ClassVar[Any] = ("how_it_is", STARTS, EXPIRES, "granted_by")

    def get_fieldsets(self, request: HttpRequest, obj: Row | None = None) -> Any:
        return ((None, {"fields": self.fields if obj else self.add_fields}),)

    def has_view_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return sees_roles(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_assign(request)

    def may_change(self, request: HttpRequest, obj: Row | None = None) -> bool:
        """Other terms are given, not written over what was."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False

    def has_assign_permission(self, request: HttpRequest) -> bool:
        return may_assign(request)

    def buttons(self, request: HttpRequest, row: Row) -> list[str]:
        return ["withdraw"] if may_withdraw(request, row) else []

    def describe(self, row: Row) -> str:
        return f"{row.user}: {row.role}"

    def entered_as(self, row: Row) -> str:
        return f"{row.user_id}: {row.role}"

    def save_model(self, request: HttpRequest, obj: Row, form: Any, change: bool) -> None:
        typed = form.cleaned_data
        obj.pk = flows.grant(
            user=typed["user"],
            role=typed["role"].slug,
            starts_at=typed["starts_at"],
            expires_at=typed["expires_at"],
            reason=typed["reason"],
            by=signed_in(request),
            client=Client.of(request),
        ).pk

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        return f"Given. {form.cleaned_data['reason']}"

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["sent_from"] = local_path(request.POST.get("back", ""))
        return super().render_change_form(request, context, *args, **kwargs)

    def response_add(self, request: HttpRequest, obj: Row, *args: Any, **kwargs: Any) -> Any:
        """Back to the page of the user, where it came from there."""
        response = super().response_add(request, obj, *args, **kwargs)
        back = local_path(request.POST.get("back", ""))
        return redirect(back) if back else response

    @admin.display(description="state")
    def how_it_is(self, row: Row) -> str:
        return state(row)

    @admin.action(permissions=["assign"], description="Withdraw the role")
    def withdraw(self, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
        rows = rows.select_related("user", "role")
        return self.run(request, rows, withdraw, done="Withdrawn.", why=True, gone=True)


def may_withdraw(request: HttpRequest, row: RoleAssignment) -> bool:
    """Roles of their own people lay down, if they may assign any and it demands no factor."""
    if not may_assign(request):
        return False
    if row.user_id == request.user.pk:
        reach = Reach.of(request)
        demands = row.is_unexpired(timezone.now()) and reach.graph.demands_mfa([row.role_id])
        return reach.standing.above_all or not demands
    return has_authority(request, row.user) and Reach.of(request).includes(row.role_id)


def may_give(request: HttpRequest, user: Any) -> bool:
    own = user.pk == request.user.pk and not request.user.is_superuser
    return may_assign(request) and not own and has_authority(request, user)


def may_touch_roles(request: HttpRequest, user: Any) -> bool:
    """Whether there is anything that they could give this account, or take from it."""
    if not sees_roles(request):
        return False
    rows = user.role_assignments.all()
    return may_give(request, user) or any(may_withdraw(request, row) for row in rows)


def sees_roles(request: HttpRequest) -> bool:
    return request.user.has_perm("rbac.view_roleassignment")


def roles_of(request: HttpRequest, user: Any, site: str, *, shown: int) -> dict[str, Any] | None:
    """What the page of a user shows of their roles, and the form that gives them one."""
    if not sees_roles(request):
        return None
    held = user.role_assignments.select_related("role", "granted_by")
    rows = [
        (row, state(row), proven(request) and may_withdraw(request, row))
        for row in held.order_by("-role__rank", "role__slug")[:shown]
    ]
    giving = proven(request) and may_give(request, user)
    return {
        "rows": rows,
        "count": user.role_assignments.count(),
        "effective": effective(user).roles,
        "form": AssignmentForm(request=request, auto_id="give_%s") if giving else None,
        "add_url": reverse("admin:rbac_roleassignment_add", current_app=site),
        "list_url": reverse("admin:rbac_roleassignment_changelist", current_app=site),
    }
