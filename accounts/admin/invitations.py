"""Invitations in the admin: sent and withdrawn by flows; no part of a link is shown."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.addresses import MAX_LENGTH
from accounts.admin.actions import FlowFormAdmin, has_authority, signed_in
from accounts.admin.forms import FlowForm, sees_accounts
from accounts.admin.reach import Reach, may_assign
from accounts.admin.step_up import SensitiveAdmin
from accounts.admin.times import utc_moment
from accounts.flows import invitations
from accounts.models import Invitation
from accounts.validators import OF_AN_ADDRESS
from portcullis.client import Client
from rbac.models import Role

Row = Any

SENT = utc_moment("sent", "sent (UTC)")
VIEW = "accounts.view_invitation"
STATES = {
    "open": "Open",
    "accepted": "Accepted",
    "dead": "Withdrawn or replaced",
    "expired": "Expired",
}


def state(row: Invitation) -> str:
    """A key of STATES."""
    if row.link.spent_at:
        return "accepted"
    if row.link.killed_at:
        return "dead"
    return "open" if row.link.expires_at > timezone.now() else "expired"


class StateFilter(admin.SimpleListFilter):
    title = parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(STATES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Row]) -> QuerySet[Row]:
        left = Q(link__spent_at=None, link__killed_at=None)
        past = Q(link__expires_at__lte=timezone.now())
        found = {
            "open": left & ~past,
            "accepted": Q(link__spent_at__isnull=False),
            "dead": Q(link__spent_at=None, link__killed_at__isnull=False),
            "expired": left & past,
        }
        return queryset.filter(found.get(self.value() or "", Q()))


class InvitationForm(FlowForm):
    email = forms.EmailField(
        label="Email address",
        max_length=MAX_LENGTH,
        validators=OF_AN_ADDRESS,
        widget=admin.widgets.AdminEmailInputWidget,
        help_text="Whoever reads it there chooses name and password. If somebody has an account "
        "by it, they are told, and nobody else is.",
    )
    roles = forms.ModelMultipleChoiceField(
        Role.objects.none(),
        required=False,
        to_field_name="slug",
        widget=forms.CheckboxSelectMultiple,
        help_text="Given when the invitation is accepted, if you may still give them then.",
    )

    class Meta:
        model = Invitation
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles: Any = self.fields["roles"]
        if may_assign(self.request):
            roles.queryset = Role.objects.filter(pk__in=Reach.of(self.request).givable())
        else:
            del self.fields["roles"]


class InvitationAdmin(SensitiveAdmin, FlowFormAdmin):
    """Who may not see accounts invites without seeing what became of it: that tells who has one."""

    row = "invitation"
    form = InvitationForm
    actions = sensitive_actions = ("withdraw",)
    list_display: Any = ("recipient", "how_it_is", "given_roles", "invited_by", SENT)
    fields = readonly_fields = list_display
    list_filter = (StateFilter,)
    ordering = ("-link__created_at", "pk")
    search_fields = ("link__recipient", "invited_by__email")
    add_fields: ClassVar[Any] = ("email", "roles")

    def get_queryset(self, request: HttpRequest) -> Any:
        """Decoys, which belong to nobody, are left out."""
        rows = super().get_queryset(request).filter(link__user__isnull=False)
        secret = ("link__digest", "link__state", "link__payload")
        rows = rows.select_related("link", "invited_by").defer(*secret)
        return rows.prefetch_related("roles").annotate(sent=F("link__created_at"))

    def get_fieldsets(self, request: HttpRequest, obj: Row | None = None) -> Any:
        if obj:
            return ((None, {"fields": self.fields}),)
        offered = self.add_fields if may_assign(request) else ("email",)
        return ((None, {"fields": offered}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Row | None = None) -> Any:
        return self.readonly_fields if obj else ()

    def has_view_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return sees_accounts(request) and request.user.has_perm(VIEW)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(invitations.PERMISSION)

    def may_change(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False

    def has_invite_permission(self, request: HttpRequest) -> bool:
        return self.has_add_permission(request)

    def buttons(self, request: HttpRequest, row: Row) -> list[str]:
        sender = row.invited_by
        within = sender in (None, request.user) or has_authority(request, sender)
        return ["withdraw"] if within and state(row) == "open" else []

    def describe(self, row: Row) -> str:
        return str(row.link.recipient)

    def save_model(self, request: HttpRequest, obj: Row, form: Any, change: bool) -> None:
        obj.pk = invitations.invite(
            by=signed_in(request),
            email=form.cleaned_data["email"],
            roles=[role.slug for role in form.cleaned_data.get("roles", ())],
            client=Client.of(request),
        ).pk

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        return "Invited."

    def response_add(self, request: HttpRequest, obj: Row, *args: Any, **kwargs: Any) -> Any:
        self.message_user(request, "The invitation is on its way.", messages.SUCCESS)
        return self.response_post_save_add(request, obj)

    @admin.display(description="address", ordering="link__recipient")
    def recipient(self, row: Row) -> str:
        return str(row.link.recipient)

    @admin.display(description="state")
    def how_it_is(self, row: Row) -> str:
        return STATES[state(row)]

    @admin.display(description="roles")
    def given_roles(self, row: Row) -> str:
        return ", ".join(role.name for role in row.roles.all()) or "-"

    @admin.action(permissions=["invite"], description="Withdraw the invitation")
    def withdraw(self, request: HttpRequest, rows: QuerySet[Row]) -> HttpResponse | None:
        return self.run(request, rows, invitations.withdraw, done="Withdrawn.", ask=True)
