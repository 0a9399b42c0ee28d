"""What is erased with an account besides what hangs on its row: the erasers that `ERASERS` begins
with."""

from django_tasks import TaskResultStatus

from accounts import traces
from accounts.base_user import AbstractEmailUser


def staff_log(user: AbstractEmailUser) -> None:
    """That something was done stays in the admin's log, and by whom; to whom, and what was said of
    them, goes. What the user did as staff goes with them: an entry cannot be without its author."""
    entries = traces.staff_log()
    if entries is not None:
        entries.filter(traces.is_about(user)).update(
            object_id=None, object_repr="", change_message=""
        )


def tasks(user: AbstractEmailUser) -> None:
    """One that runs this moment is left: it finds nobody, and its row goes when it expires."""
    traces.tasks(user).exclude(status=TaskResultStatus.RUNNING).order_by().delete()
