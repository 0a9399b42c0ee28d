"""The page where a login waits for the proof that a stage demands.

The ticket travels in the page, which no cache keeps: at rest there is its digest only.
"""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from accounts.login import Challenged
from portcullis.forms import PageForm


class ChallengeForm(PageForm):
    """The proof that a login waits for. `methods` is what the page before offered to choose from;
    what the stage takes, the stage decides."""

    ticket = forms.CharField(max_length=200, widget=forms.HiddenInput)
    methods = forms.CharField(max_length=200, widget=forms.HiddenInput)
    next = forms.CharField(required=False, widget=forms.HiddenInput)
    method = forms.ChoiceField(label="Method", widget=forms.RadioSelect)
    code = forms.CharField(
        label="Code",
        max_length=200,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
        error_messages={"required": "Enter the code."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [name for name in str(self["methods"].value() or "").split(",") if name]
        self.fields["method"].choices = [  # type: ignore[attr-defined]
            (name, name.replace("_", " ").capitalize()) for name in offered
        ]
        self.initial.setdefault("method", offered[0] if offered else "")


def challenge_page(request: HttpRequest, challenge: Challenged, *, to: str) -> HttpResponse:
    """Ask for the proof; whoever brings it goes on to `to`."""
    asked = {"ticket": challenge.ticket, "methods": ",".join(challenge.methods), "next": to}
    page = render(request, "accounts/challenge.html", {"form": ChallengeForm(initial=asked)})
    add_never_cache_headers(page)
    return page
