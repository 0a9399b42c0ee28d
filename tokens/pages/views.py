"""The page of one's own sessions."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from portcullis.pages import FormPage
from tokens.delivery import log_out
from tokens.flows import revoke
from tokens.models import RevokeReason, Session
from tokens.signed_in import SignedIn

SHOWN = 100


class EndForm(forms.Form):
    session = forms.UUIDField()


class SessionsPage(SignedIn, FormPage):
    """Where one is signed in, last used first, each with a button that ends it."""

    template_name = "tokens/sessions.html"
    form_class = EndForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        own = Session.objects.open().filter(user_id=self.session.user_id)
        rows = own.exclude(pk=self.session.pk).order_by("-last_used_at", "id")
        return super().get_context_data(**kwargs, sessions=[self.session, *rows[:SHOWN]])

    def form_invalid(self, form: forms.Form) -> HttpResponse:
        raise Http404

    def act(self, *, session: uuid.UUID) -> HttpResponse:
        if session == self.session.pk:
            return log_out(self.request, "tokens:sessions")
        own = Session.objects.open().filter(user_id=self.session.user_id, pk=session)
        if not own.exists() or not revoke(
            session, user_id=self.session.user_id, reason=RevokeReason.ENDED
        ):
            raise Http404
        messages.success(self.request, "That session is ended.")
        return redirect("tokens:sessions")
