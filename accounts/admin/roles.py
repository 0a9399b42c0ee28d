"""Roles in the admin: made, changed and deleted by flows, by whoever stands above them."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AdminTextareaWidget
from django.db.models import Count, OuterRef, QuerySet, Subquery, TextField
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.admin.actions import signed_in
from accounts.admin.assignments import state
from accounts.admin.explain import ExplainMixin
from accounts.admin.forms import FlowForm, Reason, Seen
from accounts.admin.matrix import MatrixMixin
from accounts.admin.reach import Reach
from portcullis import secrets
from portcullis.client import Client
from portcullis.errors import FieldErrors
from rbac import flows
from rbac.authority import nobody_else_changes_roles
from rbac.definition import Definition
from rbac.models import Role, RoleAssignment
from rbac.system import AS_MADE, SystemRole

Row = Any

NEWEST = 20
CHANGED_SINCE = "The role has changed since this page was loaded. Nothing is saved: look again."
WHAT_IT_IS = ("name", "description", "rank", "parents", "mfa_required")


def seen_of(role: Role) -> str:
    """A digest of what a role's page shows, to tell whether somebody else changed it."""
    found = Definition.of(role)
    facts = [(name, getattr(found, name)) for name in WHAT_IT_IS if name != "parents"]
    return secrets.digest(repr((facts, sorted(found.parents))))


class Lines(AdminTextareaWidget):
    """As it is stored, though browsers end lines by two characters."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        typed = super().value_from_datadict(data, files, name)
        return typed and typed.replace("\r\n", "\n")


class Parents(forms.ModelMultipleChoiceField[Role]):
    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Role) -> str:
        return f"{obj.name} ({obj.slug}, rank {obj.rank})"


class RoleForm(FlowForm):
    parents = Parents(
        Role.objects.none(),
        required=False,
        help_text="Whoever holds this role holds these too, and theirs.",
    )
    reason = Reason()
    seen = Seen(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reach, role = Reach.of(self.request), self.instance
        heirs = reach.graph.heirs([role.pk]) if role.pk else set()
        parents: Any = self.fields["parents"]
        parents.queryset = Role.objects.filter(pk__in=reach.roles() - heirs)
        if role.pk:
            self.fields["seen"].initial = lambda: seen_of(role)
        if "rank" in self.fields and not reach.standing.above_all:
            self.fields["rank"].help_text = f"Lower than {reach.standing.rank}, which is yours."

    def definition(self) -> dict[str, Any]:
        typed = self.cleaned_data
        return {name: typed[name] for name in WHAT_IT_IS} | {
            "parents": frozenset(parent.slug for parent in typed["parents"])
        }


def delete_role(*, by: Any, role: Role, reason: str, client: Client) -> bool:
    """False if it is gone already."""
    try:
        flows.delete_role(role.slug, by=by, reason=reason, client=client)
    except Role.DoesNotExist:
        return False
    return True


class RoleList(ChangeList):
    """Counts what each role of the page holds, by as many statements for many as for few."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        reach = Reach.of(request)
        for role in self.result_list:
            own = reach.own.get(role.pk, set())
            role.own, role.inherited = len(own), len(reach.inherited(role.pk) - own)


class RoleAdmin(MatrixMixin, ExplainMixin):
    row = "role"
    form = RoleForm
    change_form_template = "accounts/admin/role_form.html"
    change_list_template = "accounts/admin/role_list.html"
    formfield_overrides = {TextField: {"widget": Lines}}
    actions = sensitive_actions = ("delete_role",)
    list_display = (
        "name",
        "slug",
        "rank",
        "holders",
        "own",
        "inherited",
        "system",
        "mfa_required",
    )
    search_fields = ("name", "slug")

    def get_queryset(self, request: HttpRequest) -> Any:
        held = RoleAssignment.objects.in_force().filter(role=OuterRef("pk")).order_by()
        count = held.values("role").annotate(count=Count("pk")).values("count")
        rows = super().get_queryset(request)
        return rows.annotate(holding=Coalesce(Subquery(count), 0))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return RoleList

    def get_fieldsets(self, request: HttpRequest, obj: Row | None = None) -> Any:
        fields: tuple[str, ...] = ("slug", *WHAT_IT_IS)
        if obj is None:
            fields = (*fields, "reason")
        elif self.has_change_permission(request, obj):
            fields = (*fields, "reason", "seen")
        return ((None, {"fields": fields}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Row | None = None) -> Any:
        return ("slug",) if obj else ()

    def may_change(self, request: HttpRequest, obj: Row | None = None) -> bool:
        allowed = super().may_change(request, obj)
        return allowed and (obj is None or Reach.of(request).includes(obj.pk))

    def may_remove(self, request: HttpRequest, role: Role) -> bool:
        mortal = role.slug not in AS_MADE and self.has_remove_permission(request)
        return mortal and Reach.of(request).includes(role.pk)

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        """Not by Django: a deleted role is taken from people, which a flow judges."""
        return False

    def has_remove_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("rbac.delete_role")

    def buttons(self, request: HttpRequest, row: Role) -> list[str]:
        return ["delete_role"] if self.may_remove(request, row) else []

    def links(self, request: HttpRequest, row: Role) -> list[tuple[str, str]]:
        return [("Permissions", self.url("rbac_role_permissions", row.pk))]

    def describe(self, row: Row) -> str:
        people = "1 person holds" if row.holding == 1 else f"{row.holding} people hold"
        return f"{row.name} ({row.slug}): {people} it, and lose what they have by it."

    def save_model(self, request: HttpRequest, obj: Row, form: Any, change: bool) -> None:
        asking: dict[str, Any] = {
            "by": signed_in(request),
            "reason": form.cleaned_data["reason"],
            "client": Client.of(request),
        }
        if not change:
            slug = form.cleaned_data["slug"]
            obj.pk = flows.create_role(Definition(slug=slug, **form.definition()), **asking).pk
            Reach.forget(request)
            return
        with nobody_else_changes_roles():
            role = Role.objects.filter(pk=obj.pk).first()
            if role is None or not secrets.same(form.cleaned_data["seen"], seen_of(role)):
                raise FieldErrors({"__all__": [("stale", CHANGED_SINCE)]})
            flows.change_role(role.slug, changes=form.definition(), **asking)
        Reach.forget(request)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if role := context["original"]:
            context |= self._around(request, role)
        return super().render_change_form(request, context, *args, **kwargs)

    def _around(self, request: HttpRequest, role: Any) -> dict[str, Any]:
        """What else the page shows: how much the role holds, who has it, who inherits from it."""
        reach = Reach.of(request)
        own = reach.own.get(role.pk, set())
        facts: dict[str, Any] = {
            "own_count": len(own),
            "inherited_count": len(reach.inherited(role.pk) - own),
            "permissions_url": self.url("rbac_role_permissions", role.pk),
            "children": role.children.order_by("slug"),
            "everybody": role.slug == SystemRole.USER,
        }
        if request.user.has_perm("rbac.view_roleassignment"):
            facts["members"] = _members(role.assignments)
            facts["member_count"] = role.assignments.count()
            facts["members_url"] = (
                f"{self.url('rbac_roleassignment_changelist')}?role__id__exact={role.pk}"
            )
        return facts

    def url(self, name: str, *args: Any) -> str:
        return reverse(f"admin:{name}", args=args, current_app=self.admin_site.name)

    @admin.display(description="held by", ordering="holding")
    def holders(self, role: Row) -> str:
        return "everybody" if role.slug == SystemRole.USER else str(role.holding)

    @admin.display(description="own permissions")
    def own(self, role: Row) -> int:
        count: int = role.own
        return count

    @admin.display(description="inherited")
    def inherited(self, role: Row) -> int:
        count: int = role.inherited
        return count

    @admin.display(boolean=True)
    def system(self, role: Row) -> bool:
        return role.slug in AS_MADE

    @admin.action(permissions=["remove"], description="Delete the role")
    def delete_role(self, request: HttpRequest, roles: QuerySet[Any]) -> HttpResponse | None:
        return self.run(request, roles, delete_role, done="Deleted.", why=True, gone=True)


def _members(assignments: Any) -> Iterable[Any]:
    newest = assignments.select_related("user").order_by("-granted_at", "pk")[:NEWEST]
    return [(row, state(row)) for row in newest]
