"""Admin actions that are flows: asked about, tried row by row, counted, and entered in the log."""

import dataclasses
from collections import Counter
from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.admin.utils import model_ngettext
from django.contrib.contenttypes.models import ContentType
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
        asking: type[ReasonForm] | None = None,
        gone: bool = False,
    ) -> HttpResponse | None:
        """Do it to the chosen rows, where there are several after asking.

        `why`: the question asks for a reason too, which the flow takes; `asking`: for more than
        that, about one row only. `gone`: so are the rows, afterwards.
        """
        most = 1 if asking else AT_ONCE
        rows = list(queryset[: most + 1])
        if len(rows) > most:
            self.message_user(request, f"Choose {most} at most.", messages.ERROR)
            return None
        confirmed = request.POST if "confirmed" in request.POST else None
        kind = ReasonForm if why else asking
        form = kind(confirmed, label_suffix="") if kind else None
        asked = ask or form is not None or len(rows) > 1
        if asked and not (confirmed and (form is None or form.is_valid())):
            return self._ask(request, rows, flow, form)
        entry = Entry(done, form.cleaned_data if form else {}, DELETION if gone else CHANGE)
        only = form if len(rows) == 1 else None
        results = Counter(self._try(request, row, flow, entry, only) for row in rows)
        if only and only.errors:
            return self._ask(request, rows, flow, only)
        self._tell(request, results)
        return redirect(self._back(request, [] if gone else rows))

    def _tell(self, request: HttpRequest, results: Counter[tuple[int, str]]) -> None:
        for (level, text), count in results.items():
            noun = model_ngettext(self.opts, count)
            self.message_user(request, f"{count} {noun}: {text}", level)

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

    def entered_as(self, row: Any) -> str:
        """What the log calls a row: by no address, for the log outlives the account."""
        return str(row)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> LogEntry:
        return self._enter(request, obj, ADDITION, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> LogEntry:
        return self._enter(request, obj, CHANGE, message)

    def _enter(self, request: HttpRequest, row: Any, flag: int, message: str) -> LogEntry:
        return LogEntry.objects.create(
            user_id=signed_in(request).pk,
            content_type=ContentType.objects.get_for_model(row, for_concrete_model=False),
            object_id=str(row.pk),
            object_repr=self.entered_as(row)[:200],
            action_flag=flag,
            change_message=message,
        )

    def _try(
        self,
        request: HttpRequest,
        row: Any,
        flow: Flow,
        entry: "Entry",
        form: ReasonForm | None,
    ) -> tuple[int, str]:
        """Do it to one row. What a flow has against what was typed is put to `form`."""
        by = signed_in(request)
        try:
            with transaction.atomic():
                named = {self.row: row, **entry.typed}
                if not flow(by=by, client=Client.of(request), **named):
                    return messages.WARNING, "There was nothing to do."
                self._enter(request, row, entry.flag, str(entry))
        except AuthError as error:
            text = self.refused(request, error)
            if form and isinstance(error, FieldErrors):
                form.take(error)
            return messages.ERROR, text
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
    """What an action enters in the log: what was done, and why."""

    done: str
    typed: dict[str, str]
    flag: int

    def __str__(self) -> str:
        return f"{self.done} {self.typed.get('reason', '')}".rstrip()


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
