"""What is stored about users beside the rows that hang on theirs: the log of the admin, tasks."""

from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django_tasks_db.models import DBTaskResult

from accounts.base_user import AbstractEmailUser


def staff_log() -> QuerySet[Any] | None:
    """None where the admin is not installed."""
    if not apps.is_installed("django.contrib.admin"):
        return None
    entries: Any = apps.get_model("admin", "LogEntry")
    found: QuerySet[Any] = entries.objects.order_by("-action_time", "-pk")
    return found


def is_about(user: AbstractEmailUser) -> Q:
    """Entries of the log about the account, or about a role that it was given: our pages call it
    by its id, others by its address."""
    kind = ContentType.objects.get_for_model(user)
    owned = Q(object_repr__startswith=f"{user.pk}: ") | Q(object_repr__startswith=f"{user}: ")
    return Q(content_type=kind, object_id=str(user.pk)) | Q(owned, content_type__app_label="rbac")


def tasks(user: AbstractEmailUser) -> QuerySet[Any]:
    """Those whose arguments name the user."""
    said = Cast("args_kwargs", TextField())
    return DBTaskResult.objects.alias(said=said).filter(said__contains=str(user.pk))
