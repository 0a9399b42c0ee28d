"""What operators do while the service runs: close doors, and have mail tried again."""

from typing import Any

from django.db import transaction
from waffle import get_waffle_switch_model

from accounts.base_user import AbstractEmailUser
from accounts.flows.staff.authority import check_actor
from accounts.signals import switch_changed
from portcullis import switches, tasks
from portcullis.client import Client
from portcullis.switches import Door
from rbac.flows.actor import check_reason, locked_users

FLIP = "accounts.flip_switch"
RETRY = "django_tasks_database.change_dbtaskresult"


def flip_switch(
    *, by: AbstractEmailUser, door: Door, off: bool, reason: str, client: Client
) -> bool:
    """Close a door, or open it as far as the settings do; False if it is that way already.

    Raises FieldErrors (`reason`) or PermissionDenied.
    """
    check_reason(reason)
    with transaction.atomic():
        check_actor(by, locked_users(by), FLIP)
        if not switches.flip(door, off=off):
            return False
        switch_changed.send(
            sender=get_waffle_switch_model(),
            name=door.value,
            off=off,
            by=by,
            reason=reason,
            client=client,
        )
    return True


def try_again(*, by: AbstractEmailUser, task: Any, client: Client) -> bool:
    """Let the worker have a failed or postponed task now; False if there is nothing to try.

    Raises PermissionDenied.
    """
    with transaction.atomic():
        check_actor(by, locked_users(by), RETRY)
        return tasks.try_again(task.pk)
