"""The pages of registering: openly or by an invitation, and the proof of the address."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from accounts import texts
from accounts.admission import hashes_passwords
from accounts.flows.invitations import accept
from accounts.flows.registration import check_open, register
from accounts.flows.verification import resend_verification, verify_email
from accounts.models import Purpose
from accounts.pages import forms
from accounts.pages.links import LinkPage
from portcullis.client import Client
from portcullis.pages import FormPage


@hashes_passwords
def register_page(request: HttpRequest) -> HttpResponseBase:
    """With a token: an invitation's. Without one: for everybody, if registration is open."""
    page = InvitedPage if _has_token(request) else RegisterPage
    return page.as_view()(request)


def verify_email_page(request: HttpRequest) -> HttpResponseBase:
    """With a token: confirm it. Without one: look for the mail, or ask for another."""
    page = ConfirmPage if _has_token(request) else ResendPage
    return page.as_view()(request)


class RegisterPage(FormPage):
    template_name = "accounts/register.html"
    form_class = forms.RegisterForm

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        check_open()
        return super().get(request, *args, **kwargs)

    def act(self, **typed: str) -> HttpResponse:
        register(**typed, client=Client.of(self.request))
        messages.success(self.request, texts.LOOK_FOR_MAIL)
        return redirect("accounts:verify-email")


class InvitedPage(LinkPage):
    template_name = "accounts/register.html"
    form_class = forms.InvitedForm
    purpose = Purpose.INVITATION
    another = "accounts:login"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        check_open(invited=True)
        return super().dispatch(request, *args, **kwargs)

    def get_initial(self) -> dict[str, Any]:
        return {**super().get_initial(), "email": self.link.recipient}

    def act(self, **typed: str) -> HttpResponse:
        accept(**typed, client=Client.of(self.request))
        messages.success(self.request, texts.ACCEPTED)
        return redirect(settings.LOGIN_URL)


class ResendPage(FormPage):
    template_name = "accounts/verify_email.html"
    form_class = forms.EmailForm

    def act(self, *, email: str) -> HttpResponse:
        resend_verification(email=email)
        messages.success(self.request, texts.LOOK_FOR_MAIL)
        return redirect("accounts:verify-email")


class ConfirmPage(LinkPage):
    template_name = "accounts/confirm.html"
    form_class = forms.TokenForm
    purpose = Purpose.VERIFY_EMAIL
    another = "accounts:verify-email"

    def act(self, *, token: str) -> HttpResponse:
        user = verify_email(token=token, client=Client.of(self.request))
        messages.success(self.request, texts.confirmed(user))
        return redirect(
            settings.LOGIN_URL if user.has_usable_password() else "accounts:password-reset"
        )


def _has_token(request: HttpRequest) -> bool:
    return "token" in (request.POST if request.method == "POST" else request.GET)
