"""Why somebody may do something, or may not, for staff who may see roles."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import AdminForm
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from accounts.admin.forms import AccountField, sees_accounts
from accounts.admin.matrix import by_model, matching
from portcullis.errors import FieldErrors
from rbac.explain import Explanation, explain

SUGGESTED = 20


class ExplainForm(forms.Form):
    user = AccountField()
    permission = forms.CharField(
        max_length=200,
        widget=AdminTextInputWidget,
        help_text="As code names it: accounts.change_user. Part of one finds those like it.",
    )

    def __init__(self, data: Any, *, initial: dict[str, str], request: HttpRequest) -> None:
        super().__init__(data, initial=initial, label_suffix="")
        user: Any = self.fields["user"]
        user.ask(request)

    def explanation(self) -> Explanation | None:
        """None where there is something wrong with the question."""
        if not self.is_valid():
            return None
        try:
            return explain(self.cleaned_data["user"], self.cleaned_data["permission"])
        except FieldErrors as error:
            for code, text in error.errors["permission"]:
                self.add_error("permission", forms.ValidationError(text, code))
        return None


class ExplainMixin(admin.ModelAdmin[Any]):
    """For the admin of roles: `explain/?user=&permission=`."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.explain_view)
        return [path("explain/", view, name="rbac_role_explain"), *super().get_urls()]

    def explain_view(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm("rbac.view_role"):
            raise PermissionDenied("rbac.view_role")
        asked = "permission" in request.GET
        form: Any = ExplainForm(
            request.GET if asked else None,
            initial={"user": request.GET.get("user", "")},
            request=request,
        )
        explanation = form.explanation() if asked else None
        user = form.cleaned_data.get("user") if asked else None
        context = {
            **self.admin_site.each_context(request),
            "title": "Why may somebody do something?",
            "subtitle": None,
            "opts": self.opts,
            "fieldsets": AdminForm(form, [(None, {"fields": list(form.fields)})], {}),
            "errors": form.errors,
            "explanation": explanation,
            "user_asked_about": user,
            "called": user if sees_accounts(request) else user and user.pk,
            "suggested": _suggested(form) if asked and not explanation else [],
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "accounts/admin/explain.html", context)


def _suggested(form: ExplainForm) -> list[Any]:
    """Permissions that look like what was typed."""
    typed = form.data.get("permission", "").strip()
    usable = typed and "\0" not in typed
    return list(matching(by_model(), typed)[:SUGGESTED]) if usable else []
