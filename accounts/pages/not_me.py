"""The page behind the button of a notice: this wasn't me."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from accounts import texts
from accounts.flows.disowning import disown
from accounts.models import Purpose
from accounts.pages.forms import TokenForm
from accounts.pages.links import LinkPage
from portcullis.client import Client


class NotMePage(LinkPage):
    template_name = "accounts/not_me.html"
    form_class = TokenForm
    purpose = Purpose.NOT_ME
    another = "accounts:password-reset"

    def act(self, *, token: str) -> HttpResponse:
        disown(token=token, client=Client.of(self.request))
        messages.success(self.request, texts.DISOWNED)
        return redirect(self.another)
