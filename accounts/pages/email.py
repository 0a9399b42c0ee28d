"""The change of an address as pages: asked for, confirmed, undone."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from accounts import texts
from accounts.flows.email_change import (
    confirm_email_change,
    pending_email,
    request_email_change,
    undo_email_change,
)
from accounts.models import Purpose
from accounts.pages import forms
from accounts.pages.links import LinkPage
from portcullis.client import Client
from portcullis.pages import FormPage
from tokens.signed_in import SignedIn


class ChangeEmailPage(SignedIn, FormPage):
    template_name = "accounts/email_change.html"
    form_class = forms.ChangeEmailForm
    step_up = True

    def pending(self) -> str:
        return pending_email(self.session.user)

    def act(self, *, email: str) -> HttpResponse:
        request_email_change(session=self.session, email=email, client=Client.of(self.request))
        messages.success(self.request, texts.LOOK_FOR_MAIL)
        return redirect("accounts:email-change")


class ConfirmEmailPage(LinkPage):
    template_name = "accounts/email_confirm.html"
    form_class = forms.TokenForm
    purpose = Purpose.CHANGE_EMAIL
    another = "accounts:email-change"

    def act(self, *, token: str) -> HttpResponse:
        confirm_email_change(token=token, client=Client.of(self.request))
        messages.success(self.request, texts.EMAIL_CHANGED)
        return redirect("accounts:profile")


class UndoEmailPage(LinkPage):
    """A dead link leads to where a reset is asked for: what else an owner can do."""

    template_name = "accounts/email_undo.html"
    form_class = forms.TokenForm
    purpose = Purpose.UNDO_EMAIL
    another = "accounts:password-reset"

    def act(self, *, token: str) -> HttpResponse:
        undo_email_change(token=token, client=Client.of(self.request))
        messages.success(self.request, texts.EMAIL_CHANGE_UNDONE)
        return redirect(settings.LOGIN_URL)
