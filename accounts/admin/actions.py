"""Admin actions that are flows: asked about, tried row by row, counted, and entered in the log."""

import dataclasses
from collections import Counter
from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.contrib.admin.utils import model_ngettext
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts.admin.forms import FlowForm, ReasonForm
from accounts.base_user import AbstractEmailUser
from portcullis.client import Client
from portcullis.errors import AuthError, FieldErrors
from portcullis.pages import local_path
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
        why: bool = False,
        gone: bool = False,
    ) -> HttpResponse | None:
        """Do it to the chosen rows, where there are several after asking.

        `why`: the question asks for a reason too, which the flow takes. `gone`: so are the rows,
        afterwards.
        """
        rows = list(queryset[: AT_ONCE + 1])
        if len(rows) > AT_ONCE:
            self.message_user(request, f"Choose {AT_ONCE} at most.", messages.ERROR)
            return None
        confirmed = "confirmed" in request.POST
        form = ReasonForm(request.POST if confirmed else None, label_suffix="") if why else None
        if (ask or why or len(rows) > 1) and not (confirmed and (form is None or form.is_valid())):
            return self._ask(request, rows, flow, form)
        entry = Entry(done, form.cleaned_data if form else {}, DELETION if gone else CHANGE)
        results = Counter(self._try(request, row, flow, entry) for row in rows)
        for (level, text), count in results.items():
            noun = model_ngettext(self.opts, count)
            self.message_user(request, f"{count} {noun}: {text}", level)
        return redirect(self._back(request, [] if gone else rows))

    def buttons(self, request: HttpRequest, row: Any) -> list[str]:
        """The actions that make sense on this row's page."""
        return []

    def offered(self, request: HttpRequest, row: Any) -> list[str]:
        """Those of them that this member of staff has."""
        labels = self._labels(request)
        return [name for name in self.buttons(request, row) if name in labels]

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
            context["buttons"] = [(name, labels[name]) for name in self.offered(request, row)]
        return super().render_change_form(request, context, *args, **kwargs)

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        """What was changed, and why."""
        changed = ", ".join(name for name in form.changed_data if name != "reason")
        done = "Made." if add else f"Changed {changed or 'nothing'}."
        return f"{done} {form.cleaned_data['reason']}".rstrip()

    def refused(self, request: HttpRequest, error: AuthError) -> str:
        """Write a refusal to the log and return what staff read."""
        log_refusal(request, error)
        if isinstance(error, FieldErrors):
            return " ".join(text for found in error.errors.values() for _, text in found)
        return error.message

    def _try(self, request: HttpRequest, row: Any, flow: Flow, entry: "Entry") -> tuple[int, str]:
        by = signed_in(request)
        try:
            with transaction.atomic():
                named = {self.row: row, **entry.typed}
                if not flow(by=by, client=Client.of(request), **named):
                    return messages.WARNING, "There was nothing to do."
                LogEntry.objects.log_actions(
                    by.pk, [row], entry.flag, str(entry), single_object=True
                )
        except AuthError as error:
            return messages.ERROR, self.refused(request, error)
        return messages.SUCCESS, entry.done

    def _ask(
        self, request: HttpRequest, rows: list[Any], flow: Flow, form: ReasonForm | None
    ) -> HttpResponse:
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
            "sent_from": local_path(request.POST.get("back", "")),
            "back": self._back(request, rows),
            "form": form,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "accounts/admin/confirm.html", context)

    def _labels(self, request: HttpRequest) -> dict[str, str]:
        """The actions that this member of staff has, as people call them."""
        return {name: label for name, label in self.get_action_choices(request) if name}

    def _back(self, request: HttpRequest, rows: list[Any]) -> str:
        """The page that the button was on: one that it names, a row's own, or the list as it was
        filtered."""
        if named := local_path(request.POST.get("back", "")):
            return named
        if "stay" not in request.POST or not rows:
            return request.get_full_path()
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return reverse(name, args=[rows[0].pk], current_app=self.admin_site.name)


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """What an action enters in the log: what was done, and what was typed about it."""

    done: str
    typed: dict[str, str]
    flag: int

    def __str__(self) -> str:
        return " ".join([self.done, *self.typed.values()])


class FlowFormAdmin(FlowAdmin):
    """`save_model` calls a flow. If that refuses, the transaction is rolled back, and the page is
    shown again as if the form itself had found it."""

    form = FlowForm

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, *args, **kwargs)  # a class made for this request
        form.request = request
        return form

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except AuthError as error:
            log_refusal(request, error)
            request.refused = error  # type: ignore[attr-defined]
            return super().changeform_view(request, *args, **kwargs)

    def save_related(self, *args: Any, **kwargs: Any) -> None:
        """The flow has saved it."""
