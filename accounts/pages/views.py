"""Login, passwords and the profile as pages: parse, flow, deliver."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, resolve_url

from accounts import texts
from accounts.admission import hashes_passwords
from accounts.challenge import ChallengeForm
from accounts.conf import Registration
from accounts.delivery import login_page, renewed_page
from accounts.flows.log_in import log_in_with_password
from accounts.flows.password import (
    change_password,
    request_reset,
    reset_password,
    set_password,
)
from accounts.flows.profile import change_profile
from accounts.flows.reauthentication import reauthenticate
from accounts.flows.registration import registration_mode
from accounts.login import resume
from accounts.models import Purpose
from accounts.pages import forms
from accounts.pages.links import LinkPage
from accounts.stages import Proof
from portcullis.client import Client
from portcullis.pages import FormPage, Uncached, local_path
from tokens.delivery import log_out
from tokens.models import Restriction, Transport
from tokens.signed_in import SignedIn


@hashes_passwords
class LoginPage(FormPage):
    hashes_first = True
    template_name = "accounts/login.html"
    form_class = forms.LoginForm

    def get_initial(self) -> dict[str, Any]:
        return {"next": local_path(self.request.GET.get("next", ""))}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            **kwargs,
            registration_open=registration_mode() == Registration.OPEN,
            onward=_onward(self.request.GET.get("next", "")),
        )

    def act(self, *, email: str, password: str, remember_me: bool, **typed: str) -> HttpResponse:
        outcome = log_in_with_password(
            email=email,
            password=password,
            client=Client.of(self.request),
            transport=Transport.COOKIE,
            remember_me=remember_me,
        )
        return login_page(self.request, outcome, to=_onward(typed["next"]))


class ChallengePage(FormPage):
    """Takes the proof; login itself shows the page first."""

    template_name = "accounts/challenge.html"
    form_class = ChallengeForm

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return redirect("accounts:login")

    def act(self, *, ticket: str, method: str, code: str, **typed: str) -> HttpResponse:
        outcome = resume(ticket=ticket, proof=Proof(method, code), client=Client.of(self.request))
        return login_page(self.request, outcome, to=_onward(typed["next"]))


class LogoutPage(Uncached):
    http_method_names = ("post", "options")

    def post(self, request: HttpRequest) -> HttpResponse:
        response = log_out(request, settings.LOGIN_URL)
        messages.success(request, "You are logged out.")
        return response


class ResetRequestPage(FormPage):
    template_name = "accounts/password_reset.html"
    form_class = forms.EmailForm

    def act(self, *, email: str) -> HttpResponse:
        request_reset(email=email, client=Client.of(self.request))
        messages.success(self.request, texts.LOOK_FOR_MAIL)
        return redirect("accounts:password-reset")


@hashes_passwords
class ResetPage(LinkPage):
    template_name = "accounts/password_reset_confirm.html"
    form_class = forms.ResetForm
    purpose = Purpose.RESET_PASSWORD
    another = "accounts:password-reset"

    def act(self, *, token: str, password: str) -> HttpResponse:
        reset_password(token=token, password=password, client=Client.of(self.request))
        messages.success(self.request, texts.RESET_DONE)
        return redirect(settings.LOGIN_URL)


class ChangePasswordPage(SignedIn, FormPage):
    template_name = "accounts/password_change.html"
    form_class = forms.ChangePasswordForm
    allow_restricted = frozenset({Restriction.CHANGE_PASSWORD})

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.session and not self.session.user.has_usable_password():
            return SetPasswordPage.as_view()(request)
        return super().dispatch(request, *args, **kwargs)

    def act(self, *, current_password: str, new_password: str) -> HttpResponse:
        renewed = change_password(
            session=self.session,
            current=current_password,
            new=new_password,
            client=Client.of(self.request),
        )
        messages.success(self.request, texts.CHANGE_DONE)
        return renewed_page(self.request, renewed, to="accounts:profile")


class SetPasswordPage(SignedIn, FormPage):
    """What the page that changes a password is to an account that has none."""

    template_name = "accounts/password_set.html"
    form_class = forms.SetPasswordForm
    allow_restricted = frozenset({Restriction.CHANGE_PASSWORD})
    step_up = True

    def act(self, *, password: str) -> HttpResponse:
        renewed = set_password(
            session=self.session, password=password, client=Client.of(self.request)
        )
        messages.success(self.request, "Your account has a password now.")
        return renewed_page(self.request, renewed, to="accounts:profile")


class ReauthenticatePage(SignedIn, FormPage):
    """Step-up: whoever proves it again goes on to where they were."""

    template_name = "accounts/reauthenticate.html"
    form_class = forms.ReauthenticateForm

    def get_initial(self) -> dict[str, Any]:
        return {"next": local_path(self.request.GET.get("next", ""))}

    def act(self, *, password: str, next: str) -> HttpResponse:  # noqa: A002  (the field's name)
        renewed = reauthenticate(
            session=self.session, password=password, client=Client.of(self.request)
        )
        messages.success(self.request, "Thank you. Go on with what you were about to do.")
        return renewed_page(self.request, renewed, to=_onward(next))


class ProfilePage(SignedIn, FormPage):
    template_name = "accounts/profile.html"
    form_class = forms.ProfileForm

    def get_initial(self) -> dict[str, Any]:
        return {"name": self.session.user.name}

    def act(self, *, name: str) -> HttpResponse:
        change_profile(user=self.session.user, name=name, client=Client.of(self.request))
        messages.success(self.request, "Your profile is saved.")
        return redirect("accounts:profile")


def _onward(wanted: str) -> str:
    return local_path(wanted) or resolve_url(settings.LOGIN_REDIRECT_URL)
