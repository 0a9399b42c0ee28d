"""The diagnosis of a pasted token, for staff with the permission `tokens.diagnose`."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import AdminForm
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from tokens.diagnosis import LONGEST, diagnose, failures, read_pasted


class PastedToken(forms.Textarea):
    """It is never sent back: the page may stay open, be printed or shared."""

    def format_value(self, value: Any) -> str:
        return ""


class DiagnosisForm(forms.Form):
    token = forms.CharField(
        strip=False,
        max_length=LONGEST,
        widget=PastedToken(
            attrs={
                "rows": 6,
                "class": "vLargeTextField",
                "autocomplete": "off",
                "autocapitalize": "off",
                "spellcheck": "false",
            }
        ),
        help_text="An access or a refresh token. It is neither kept nor used.",
    )
    origin = forms.CharField(
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text="Where a page sends it: https://app.example.com",
    )
    cookie = forms.BooleanField(required=False, label="It travels in its cookie")


class DiagnosisMixin(admin.ModelAdmin[Any]):
    """For the admin of sessions: a page beside the list, and the link to it."""

    change_list_template = "tokens/admin/session_list.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.diagnose_view)
        return [path("diagnose/", view, name="tokens_session_diagnose"), *super().get_urls()]

    @sensitive_variables()
    @method_decorator(sensitive_post_parameters())
    def diagnose_view(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm("tokens.diagnose"):
            raise PermissionDenied("tokens.diagnose")
        sent = request.POST if request.method == "POST" else None
        form: Any = DiagnosisForm(sent, label_suffix="")
        context = {
            **self.admin_site.each_context(request),
            "title": "Diagnose a token",
            "subtitle": None,
            "opts": self.opts,
            "may_list": self.has_view_permission(request),
            "fieldsets": AdminForm(form, [(None, {"fields": list(form.fields)})], {}),
            "errors": form.errors,
            **(_found(form.cleaned_data) if form.is_valid() else {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "tokens/admin/diagnose.html", context)


def _found(asked: dict[str, Any]) -> dict[str, Any]:
    pasted = read_pasted(asked["token"])
    steps = diagnose(pasted.token, origin=asked["origin"] or None, cookie=asked["cookie"])
    return {"steps": steps, "failed": failures(steps), "removed": pasted.removed}
