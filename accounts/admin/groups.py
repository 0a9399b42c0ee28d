"""Django's groups in the admin: for superusers, after a proof, by flows."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangosGroupAdmin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from accounts.admin.actions import FlowFormAdmin, signed_in
from accounts.admin.forms import FlowForm, Reason, Seen
from accounts.admin.step_up import SensitiveAdmin
from accounts.flows import groups
from portcullis.client import Client


class GroupForm(FlowForm):
    reason = Reason()
    seen = Seen(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["seen"].initial = lambda: groups.seen_of(self.instance)


class GroupAdmin(SensitiveAdmin, FlowFormAdmin, DjangosGroupAdmin):
    """A group is a bundle of permissions: changing one gives them to whoever is in it."""

    row = "group"
    form = GroupForm
    actions = sensitive_actions = ("delete_group",)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        why = ("reason", "seen") if self.has_change_permission(request, obj) else ()
        return ((None, {"fields": ("name", "permissions", *why)}),)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def may_change(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not by Django, which asks for no reason."""
        return False

    def has_remove_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def buttons(self, request: HttpRequest, row: Any) -> list[str]:
        return ["delete_group"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.pk = groups.save_group(
            **{name: form.cleaned_data[name] for name in ("name", "permissions", "reason")},
            group=obj if change else None,
            seen=form.cleaned_data["seen"] if change else None,
            by=signed_in(request),
            client=Client.of(request),
        ).pk

    @admin.action(permissions=["remove"], description="Delete the group")
    def delete_group(self, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
        return self.run(request, rows, groups.delete_group, done="Deleted.", why=True, gone=True)
