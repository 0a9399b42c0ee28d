"""Admin actions that are flows: asked about, tried row by row, counted, and entered in the log."""

from collections import Counter
from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import model_ngettext
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts.base_user import AbstractEmailUser
from portcullis.client import Client
from portcullis.errors import AuthError, FieldErrors
from portcullis.problems import log_refusal
from rbac.authority import check_authority
from rbac.errors import PermissionDenied
from tokens.admin import StrictAdmin

AT_ONCE = 200
"""Rows that one click may hit."""

Flow = Callable[..., bool]
"""Called with `by`, `client` and the row by its name; whether there was anything to do."""


def signed_in(request: HttpRequest) -> AbstractEmailUser:
    """The member of staff who asks."""
    return cast(AbstractEmailUser, request.user)


def has_authority(request: HttpRequest, user: AbstractEmailUser) -> bool:
    """Whether flows would let them act on `user`, so that pages offer what will be done."""
    try:
        check_authority(by=signed_in(request), over=user)
    except PermissionDenied:
        return False
    return True


class FlowAdmin(StrictAdmin):
    """`row` is what the flows call a row. The page of a row has its actions as buttons."""

    change_form_template = "accounts/admin/change_form.html"
    row = ""

    def run(
        self,
        request: HttpRequest,
        queryset: QuerySet[Any],
        flow: Flow,
        *,
        done: str,
        ask: bool = False,
    ) -> HttpResponse | None:
        """Do it to the chosen rows, where there are several after asking."""
        rows = list(queryset[: AT_ONCE + 1])
        if len(rows) > AT_ONCE:
            self.message_user(request, f"Choose {AT_ONCE} at most.", messages.ERROR)
            return None
        if (ask or len(rows) > 1) and "confirmed" not in request.POST:
            return self._ask(request, rows, flow)
        results = Counter(self._try(request, row, flow, done) for row in rows)
        for (level, text), count in results.items():
            noun = model_ngettext(self.opts, count)
            self.message_user(request, f"{count} {noun}: {text}", level)
        return redirect(self._back(request, rows))

    def buttons(self, request: HttpRequest, row: Any) -> list[str]:
        """The actions that make sense on this row's page."""
        return []

    def links(self, request: HttpRequest, row: Any) -> list[tuple[str, str]]:
        """Label and URL of what else there is to see of it."""
        return []

    def describe(self, row: Any) -> str:
        return str(row)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if row := context["original"]:
            context["links"] = self.links(request, row)
            labels = self._labels(request)
            names = [name for name in self.buttons(request, row) if name in labels]
            context["buttons"] = [(name, labels[name]) for name in names]
        return super().render_change_form(request, context, *args, **kwargs)

    def refused(self, request: HttpRequest, error: AuthError) -> str:
        """Write a refusal to the log and return what staff read."""
        log_refusal(request, error)
        if isinstance(error, FieldErrors):
            return " ".join(text for found in error.errors.values() for _, text in found)
        return error.message

    def _try(self, request: HttpRequest, row: Any, flow: Flow, done: str) -> tuple[int, str]:
        named = {self.row: row}
        try:
            with transaction.atomic():
                if not flow(by=signed_in(request), client=Client.of(request), **named):
                    return messages.WARNING, "There was nothing to do."
                self.log_change(request, row, done)
        except AuthError as error:
            return messages.ERROR, self.refused(request, error)
        return messages.SUCCESS, done

    def _ask(self, request: HttpRequest, rows: list[Any], flow: Flow) -> HttpResponse:
        question = self._labels(request)[flow.__name__]
        context = {
            **self.admin_site.each_context(request),
            "title": f"{question}?",
            "subtitle": None,
            "opts": self.opts,
            "rows": [(row.pk, self.describe(row)) for row in rows],
            "action": flow.__name__,
            "answer": question,
            "checkbox": ACTION_CHECKBOX_NAME,
            "stay": "stay" in request.POST,
            "back": self._back(request, rows),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "accounts/admin/confirm.html", context)

    def _labels(self, request: HttpRequest) -> dict[str, str]:
        """The actions that this member of staff has, as people call them."""
        return {name: label for name, label in self.get_action_choices(request) if name}

    def _back(self, request: HttpRequest, rows: list[Any]) -> str:
        """The page that the button was on: a row's own, or the list as it was filtered."""
        if "stay" not in request.POST or not rows:
            return request.get_full_path()
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return reverse(name, args=[rows[0].pk], current_app=self.admin_site.name)
