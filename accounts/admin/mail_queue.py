"""The mail queue in the admin: what waits, for how long, what came in between, and one button.

Neither a task's arguments nor its traceback is shown: an error may quote the address of a mail.
"""

import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth import get_user_model
from django.db.models import Case, Count, Min, Q, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.timesince import timesince
from django_tasks import TaskResultStatus

from accounts.admin.actions import FlowAdmin
from accounts.admin.forms import sees_accounts
from accounts.admin.times import utc_moment
from accounts.flows.operating import RETRY, try_again
from accounts.models import OneTimeToken
from portcullis import tasks
from tokens.admin import ReadOnlyAdmin

Row = Any

STATES = {
    "waiting": "Waiting",
    "later": "Failed, to be tried again",
    "running": "Running",
    "given_up": "Given up",
    "done": "Done",
}


def stated(queue: QuerySet[Row], now: datetime) -> QuerySet[Row]:
    """Each task with its state, a key of STATES."""
    given_up, postponed = tasks.given_up(now), tasks.postponed(now)
    state = Case(
        When(given_up, then=Value("given_up")),
        When(postponed | Q(status=TaskResultStatus.FAILED), then=Value("later")),
        When(status=TaskResultStatus.READY, then=Value("waiting")),
        When(status=TaskResultStatus.RUNNING, then=Value("running")),
        default=Value("done"),
    )
    annotated: QuerySet[Row] = queue.annotate(state=state)
    return annotated


def summary() -> str:
    """How many wait, and for how long."""
    now = timezone.now()
    lost, undone = Q(state="given_up"), ~Q(state__in=["given_up", "done"])
    found = stated(tasks.ours(), now).aggregate(
        lost=Count("pk", filter=lost),
        undone=Count("pk", filter=undone),
        oldest=Min("enqueued_at", filter=undone),
    )
    told = "Nothing waits."
    if found["undone"]:
        age = timesince(found["oldest"], now)
        told = f"{found['undone']} not sent yet, the oldest ordered {age} ago."
    return f"{told} {found['lost']} given up." if found["lost"] else told


class StateFilter(admin.SimpleListFilter):
    title = parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(STATES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Row]) -> QuerySet[Row]:
        return queryset.filter(state=self.value()) if self.value() in STATES else queryset


class Queue(ChangeList):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        find_accounts(self.result_list)
        for task in self.result_list:
            task.by_link = sees_accounts(request)


def find_accounts(found: Iterable[Row]) -> None:
    """Tell each task which link it mails, and whose account it is about: by the ids among its
    arguments, in two statements."""
    ids = {task.pk: list(_ids(task)) for task in found}
    every = {each for some in ids.values() for each in some}
    links = OneTimeToken.objects.only("purpose", "user_id").in_bulk(every)
    users = {*get_user_model()._default_manager.filter(pk__in=every).values_list("pk", flat=True)}
    for task in found:
        task.mails = next((links[each] for each in ids[task.pk] if each in links), None)
        theirs = next((each for each in ids[task.pk] if each in users), None)
        task.account_id = task.mails.user_id if task.mails else theirs


def _arguments(task: Row) -> list[Any]:
    found: list[Any] = task.args_kwargs.get("args", [])
    return found


def _ids(task: Row) -> Iterator[uuid.UUID]:
    for argument in _arguments(task):
        try:
            yield uuid.UUID(argument)
        except (ValueError, TypeError, AttributeError):
            continue


class MailQueueAdmin(FlowAdmin, ReadOnlyAdmin):
    row = "task"
    actions = ("try_again",)
    fields = readonly_fields = (
        "what",
        "account",
        "state",
        "age",
        "next_try",
        "attempts",
        "last_error",
        "enqueued_at",
    )
    list_display = (*fields[:-1], utc_moment("enqueued_at", "ordered (UTC)"))
    list_filter = (StateFilter,)
    ordering = ("-enqueued_at", "pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Row]:
        return stated(tasks.ours().defer("traceback", "return_value"), timezone.now())

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return Queue

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        told = {"title": "The mail queue", "subtitle": summary()}
        return super().changelist_view(request, told | (extra_context or {}))

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Row:
        task = super().get_object(request, *args, **kwargs)
        if task is not None:
            find_accounts([task])
            task.by_link = sees_accounts(request)
        return task

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(RETRY)

    def buttons(self, request: HttpRequest, row: Row) -> list[str]:
        return ["try_again"] if row.state in {"later", "given_up"} else []

    def describe(self, row: Row) -> str:
        find_accounts([row])
        return f"{self.what(row)}: {self.state(row)}"

    @admin.display(description="what")
    def what(self, task: Row) -> str:
        """The task, and the purpose of the link or the name of the notice that it mails."""
        did = task.task_path.rpartition(".")[2].replace("_", " ").capitalize()
        if task.mails:
            return f"{did}: {task.mails.get_purpose_display()}"
        named = str(next(iter(_arguments(task)), ""))
        return f"{did}: {named.replace('_', ' ')}" if named.isidentifier() else did

    @admin.display(description="account")
    def account(self, task: Row) -> str:
        model = get_user_model()
        if task.account_id is None:
            return "-"
        if not (task.by_link and self.admin_site.is_registered(model)):
            return str(task.account_id)
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
        page = reverse(name, args=[task.account_id], current_app=self.admin_site.name)
        return format_html('<a href="{}">{}</a>', page, task.account_id)

    @admin.display(description="state")
    def state(self, task: Row) -> str:
        return STATES[task.state]

    @admin.display(description="age", ordering="-enqueued_at")
    def age(self, task: Row) -> str:
        return timesince(task.enqueued_at)

    @admin.display(description="next try (UTC)")
    def next_try(self, task: Row) -> str:
        known = task.state == "later" and task.status == TaskResultStatus.READY
        return f"{task.run_after.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if known else "-"

    @admin.display(description="attempts")
    def attempts(self, task: Row) -> int:
        return len(task.worker_ids)

    @admin.display(description="last error", ordering="exception_class_path")
    def last_error(self, task: Row) -> str:
        return task.exception_class_path or "-"

    @admin.action(permissions=["retry"], description="Try again now")
    def try_again(self, request: HttpRequest, rows: QuerySet[Row]) -> HttpResponse | None:
        return self.run(request, rows, try_again, done="Tried again as soon as a worker is free.")
