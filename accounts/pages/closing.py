"""The last pages of an account: close it, take along what is stored, reopen it."""

import json
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone

from accounts import texts
from accounts.delivery import renewed_page
from accounts.flows.closing import close_account, erased_from, reopen_account
from accounts.flows.export import AS_FILE, export
from portcullis.client import Client
from portcullis.forms import PageForm
from portcullis.pages import FormPage, Uncached
from tokens.delivery import log_out
from tokens.models import Restriction
from tokens.signed_in import SignedIn


class ClosePage(SignedIn, FormPage):
    template_name = "accounts/close.html"
    form_class = PageForm
    step_up = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs, erased=erased_from(timezone.now()))

    def act(self) -> HttpResponse:
        erased = close_account(session=self.session, client=Client.of(self.request))
        response = log_out(self.request, settings.LOGIN_URL)
        messages.success(self.request, texts.closed(erased))
        return response


class ReopenPage(SignedIn, FormPage):
    """Where whoever logs in to a closed account is led, and stays until it is open."""

    template_name = "accounts/reopen.html"
    form_class = PageForm
    allow_restricted = frozenset({Restriction.REOPEN})

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.session and self.session.restriction != Restriction.REOPEN:
            return redirect("accounts:profile")
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        closed_at = self.session.user.closed_at
        return super().get_context_data(**kwargs, erased=closed_at and erased_from(closed_at))

    def act(self) -> HttpResponse:
        renewed = reopen_account(session=self.session, client=Client.of(self.request))
        messages.success(self.request, texts.REOPENED)
        return renewed_page(self.request, renewed, to="accounts:profile")


class ExportPage(SignedIn, Uncached):
    """A file to keep, laid out for reading."""

    http_method_names = ("get", "head", "options")
    step_up = True
    after_proof = "accounts:profile"  # a file is no page to come back to

    def get(self, request: HttpRequest) -> HttpResponse:
        stored = json.dumps(export(self.session.user), cls=DjangoJSONEncoder, indent=2)
        return HttpResponse(
            stored, content_type="application/json", headers={"Content-Disposition": AS_FILE}
        )
