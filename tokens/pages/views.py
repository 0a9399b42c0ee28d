"""The page of one's own sessions."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.db import models
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from portcullis.pages import FormPage
from tokens.conf import conf
from tokens.delivery import log_out
from tokens.flows import revoke, revoke_all
from tokens.models import Restriction, RevokeReason, Session
from tokens.signed_in import SignedIn, prove_first

HERE = "tokens:sessions"
SHOWN = 100


class Deed(models.TextChoices):
    END = "end"
    NOT_ME = "not_me"
    END_OTHERS = "end_others"


class EndForm(forms.Form):
    """`session` is the one to end, or nothing where all others are."""

    do = forms.ChoiceField(choices=Deed.choices)
    session = forms.UUIDField(required=False)


class SessionsPage(SignedIn, FormPage):
    """Where one is signed in, last used first, each with the buttons that end it."""

    template_name = "tokens/sessions.html"
    form_class = EndForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        own = Session.objects.open().filter(user_id=self.session.user_id)
        rows = own.exclude(pk=self.session.pk).order_by("-last_used_at", "id")
        return super().get_context_data(**kwargs, sessions=[self.session, *rows[:SHOWN]])

    def form_invalid(self, form: forms.Form) -> HttpResponse:
        raise Http404

    def act(self, *, do: str, session: uuid.UUID | None) -> HttpResponse:
        if do == Deed.END_OTHERS:
            return self._end_others()
        if session == self.session.pk:
            return log_out(self.request, HERE)
        if do == Deed.NOT_ME:
            return self._disown(session)
        self._end(session, RevokeReason.ENDED)
        messages.success(self.request, "That session is ended.")
        return redirect(HERE)

    def _end_others(self) -> HttpResponse:
        if not self.session.recently_proven():
            return prove_first(HERE)
        ended = revoke_all(user=self.session.user, reason=RevokeReason.ENDED, keep=self.session)
        done = "All other sessions are ended." if ended else "There was no other session to end."
        messages.success(self.request, done)
        return redirect(HERE)

    def _disown(self, session: uuid.UUID | None) -> HttpResponse:
        """Whoever was there may know the password, and could come back with it."""
        self._end(session, RevokeReason.DISOWNED)
        messages.warning(
            self.request,
            "That session is ended. Whoever had it may know your password: choose a new one now, "
            "which ends every other session too.",
        )
        return redirect(conf().STEP_PAGES.get(Restriction.CHANGE_PASSWORD, HERE))

    def _end(self, session: uuid.UUID | None, reason: RevokeReason) -> None:
        """Raises Http404 unless it is one of this user's own live ones."""
        if session is None:
            raise Http404
        user_id = self.session.user_id
        own = Session.objects.open().filter(user_id=user_id, pk=session)
        if not own.exists() or not revoke(session, user_id=user_id, reason=reason):
            raise Http404
