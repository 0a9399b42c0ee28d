"""`eraseaccounts`: whose time is up is gone without a trace, everybody else stays."""

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db.models import PROTECT
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts.models import Invitation, OneTimeToken, Purpose
from accounts.signals import account_erased
from rbac.models import Role, RoleAssignment
from tests.doors import PASSWORD, Api
from tokens.models import Session

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def erase(*arguments: str) -> str:
    said = StringIO()
    call_command("eraseaccounts", *arguments, stdout=said, stderr=said)
    return said.getvalue()


def left() -> set[str]:
    return set(get_user_model().objects.values_list("name", flat=True))


@pytest.fixture
def make_closed(make_user):
    def make(name: str, *, days: float = 31, **fields):
        moment = timezone.now() - days * DAY
        return make_user(f"{name}@example.com", name=name, closed_at=moment, **fields)

    return make


def test_an_account_that_was_closed_in_time_is_erased_and_no_other(make_user, make_closed):
    make_user("open@example.com", name="open")
    make_closed("young", days=29.9)
    for name in ("one", "two", "three"):
        make_closed(name)
    assert erase("--dry-run") == "Accounts to erase: 3.\n"
    assert erase("--batch-size", "2") == "Accounts erased: 3.\n"
    assert left() == {"open", "young"}
    assert erase() == "Accounts erased: 0.\n"


def test_how_long_is_a_setting(make_closed, accounts):
    accounts(ERASE_AFTER=3600)
    make_closed("gone", days=0.1)
    make_closed("young", days=0.01)
    erase()
    assert left() == {"young"}


@pytest.mark.parametrize("size", ["0", "-1", "100001"])
def test_a_batch_that_is_none_is_refused(make_closed, size):
    make_closed("gone")
    with pytest.raises(CommandError) as refused:
        erase("--batch-size", size)
    assert refused.value.returncode == 2
    assert left() == {"gone"}


def test_the_whole_way_leaves_no_trace(make_user, mailbox, everything_stored, later):
    """Registered, at work, closed by its owner, erased: the address is anybody's again."""
    name, email = "Unmistakable", "unmistakable@example.com"
    user, bob = make_user(email, name=name, is_staff=True), make_user("bob@example.com", name="Bob")
    moderator = Role.objects.get(slug="moderator")
    assigned = RoleAssignment.objects.create(user=user, role=moderator, granted_by=bob, reason="x")
    given = RoleAssignment.objects.create(user=bob, role=moderator, granted_by=user, reason="x")
    link = OneTimeToken.objects.create(
        purpose=Purpose.INVITATION,
        recipient="new@example.com",
        expires_at=timezone.now() + 99 * DAY,
    )
    sent = Invitation.objects.create(link=link, invited_by=user)
    by_id = f"{user.pk}: Moderator"
    for by, row, called in (
        (bob, user, str(user)),
        (bob, assigned, str(assigned)),
        (bob, assigned, by_id),
        (user, bob, str(bob)),
        (bob, given, str(given)),
    ):
        LogEntry.objects.create(
            user=by,
            content_type=ContentType.objects.get_for_model(row),
            object_id=str(row.pk),
            object_repr=called,
            action_flag=CHANGE,
            change_message=f"About {row}",
        )
    elsewhere = Api().login(bob.email, transport="bearer")
    Api().post("/auth/forgot-password", {"email": email})
    assert len(mailbox.read()) == 1
    assert Api().login(email, transport="bearer").delete("/users/profile").status_code == 202
    assert len(mailbox.read()) == 2
    before = everything_stored()
    assert all(trace in before for trace in (name, email, str(user.pk)))
    later(days=31)

    assert erase() == "Accounts erased: 1.\n"

    stored = everything_stored()
    assert not [trace for trace in (name, email, str(user.pk), user.pk.hex) if trace in stored]
    assert left() == {"Bob"}
    assert str(Session.objects.get().pk) == elsewhere.sid
    given.refresh_from_db()
    sent.refresh_from_db()
    assert (given.granted_by, sent.invited_by) == (None, None)
    kept = LogEntry.objects.order_by("pk").values_list("user__name", "object_repr")
    assert list(kept) == [("Bob", "")] * 3 + [("Bob", str(given))]
    assert Api().register(email).status_code == 202
    assert mailbox.latest()["Subject"] == "Portcullis: Confirm your address"


def test_it_is_announced_in_the_transaction_of_the_fact(make_closed, heard):
    user = make_closed("gone")
    with heard(account_erased) as calls:
        erase()
    assert [(call["user_id"], call["sender"]) for call in calls] == [(user.pk, get_user_model())]


def test_a_task_that_runs_this_moment_is_left_to_its_worker(make_closed):
    user = make_closed("gone")
    for status in ("RUNNING", "READY", "SUCCESSFUL", "FAILED"):
        DBTaskResult.objects.create(
            status=status,
            task_path="x",
            args_kwargs={"args": ["notice", str(user.pk)], "kwargs": {}},
            backend_name="default",
            run_after=timezone.now(),
        )
    erase()
    assert DBTaskResult.objects.get().status == "RUNNING"


# Who is kept --------------------------------------------------------------------------------------


def reopens_the_others(user) -> None:
    get_user_model().objects.exclude(pk=user.pk).update(closed_at=None)


def test_an_account_that_is_reopened_meanwhile_is_left(make_closed, accounts):
    accounts(ERASERS=(f"{__name__}.reopens_the_others",))
    for name in ("one", "two", "three"):
        make_closed(name)
    assert erase() == "Accounts erased: 1.\n"
    assert len(left()) == 2


def kept(*arguments: str) -> str:
    """What the command says where it could not erase everybody."""
    said = StringIO()
    with pytest.raises(CommandError) as failed:
        call_command("eraseaccounts", *arguments, stdout=said, stderr=said)
    assert failed.value.returncode == 1
    return f"{said.getvalue()}{failed.value}"


def test_rows_of_another_app_may_hold_on_to_an_account(make_closed, monkeypatch):
    """It is named by its id, nothing of it is erased, and the others go."""
    held = make_closed("held")
    make_closed("gone")
    OneTimeToken.objects.create(purpose="x", user=held, expires_at=timezone.now())
    session = Session.objects.create(
        user=held, epoch=0, expires_at=timezone.now(), absolute_expires_at=timezone.now()
    )
    monkeypatch.setattr(Session._meta.get_field("user").remote_field, "on_delete", PROTECT)
    said = kept()
    assert f"{held.pk}: ProtectedError: " in said
    assert "Accounts erased: 1." in said
    assert "1 not erased" in said
    assert held.email not in said
    assert str(session.pk) not in said
    assert left() == {"held"}
    assert OneTimeToken.objects.filter(user=held).exists()


def breaks_at_the_first(user) -> None:
    get_user_model().objects.filter(pk=user.pk).update(name="half erased")
    if user.name == "first":
        raise RuntimeError(f"the storage is gone\n{user.email}")


def test_an_eraser_that_fails_keeps_its_account_as_it_was(make_closed, accounts):
    accounts(ERASERS=(f"{__name__}.breaks_at_the_first",))
    first = make_closed("first")
    make_closed("second")
    said = kept()
    assert f"{first.pk}: RuntimeError: the storage is gone\n" in said
    assert first.email not in said
    assert left() == {"first"}


@pytest.mark.parametrize("last", ["admin", "superuser"])
def test_the_last_of_those_who_look_after_the_rest_is_kept(make_closed, last):
    """They cannot have closed it themselves; a shell can."""
    if last == "admin":
        held = make_closed("held")
        admin = Role.objects.get(slug="admin")
        RoleAssignment.objects.create(user=held, role=admin, reason="x")
    else:
        make_closed("held", is_superuser=True, is_staff=True)
    assert "1 not erased" in kept()
    assert left() == {"held"}
    second = get_user_model().objects.create_superuser("second@example.com", PASSWORD, name="next")
    if last == "admin":
        RoleAssignment.objects.create(user=second, role=admin, reason="x")
    erase()
    assert left() == {"next"}
