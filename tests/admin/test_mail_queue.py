"""The mail queue in the admin. An SMTP server that is down delays mail, and fails no request."""

import socket
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts.flows.operating import RETRY, try_again
from portcullis.client import Client
from portcullis.tasks import sweep
from rbac.errors import PermissionDenied
from tests.admin.conftest import allow, give
from tests.admin.desk import Desk, buttons, inputs
from tests.doors import Api
from tests.doors import shown as read

pytestmark = pytest.mark.django_db

QUEUE = "django_tasks_database_dbtaskresult"
VIEW = "django_tasks_database.view_dbtaskresult"
REFUSED = "builtins.ConnectionRefusedError"
LONG_AGO = timezone.now() - timedelta(days=2)


@pytest.fixture
def smtp_down(mailbox, settings):
    """Nobody listens; calling it brings the server back."""
    working = settings.EMAIL_PORT
    with socket.create_server(("127.0.0.1", 0)) as free:
        settings.EMAIL_PORT = free.getsockname()[1]

    def bring_back() -> None:
        settings.EMAIL_PORT = working

    return bring_back


def forget(email: str = "ada@example.com") -> DBTaskResult:
    """Order a reset link; returns the task that mails it."""
    assert Api().post("/auth/forgot-password", {"email": email}).status_code == 202
    return DBTaskResult.objects.latest("enqueued_at")


def make(status: str, **fields) -> DBTaskResult:
    task = forget()
    DBTaskResult.objects.filter(pk=task.pk).update(status=status, **fields)
    return task


# SMTP down ----------------------------------------------------------------------------------------


def test_a_server_that_is_down_fails_no_request_and_mail_comes_later(
    desk, make_user, mailbox, work, smtp_down
):
    make_user("waits@example.com", email_verified_at=None, is_pending=True)
    make_user("forgot@example.com")
    asked = [
        Api().register("new@example.com"),
        Api().post("/auth/resend-verification", {"email": "waits@example.com"}),
        Api().post("/auth/forgot-password", {"email": "forgot@example.com"}),
    ]
    assert [each.status_code for each in asked] == [202, 202, 202]
    work()
    failed = list(DBTaskResult.objects.filter(status="FAILED", exception_class_path=REFUSED))
    assert len(failed) == 3
    page = read(desk.rows(QUEUE))
    assert "3 not sent yet, the oldest ordered" in page
    assert "Failed, to be tried again" in page
    assert REFUSED in page

    smtp_down()
    told = desk.act("try_again", *failed, what=QUEUE)
    assert told == ["3 Task Results: Tried again as soon as a worker is free."]
    people = {"new@example.com", "waits@example.com", "forgot@example.com"}
    assert {mail["To"] for mail in mailbox.read()} == people
    assert len(mailbox.read()) == 3
    page = read(desk.rows(QUEUE))
    assert "Nothing waits." in page
    assert REFUSED not in page


# Seeing -------------------------------------------------------------------------------------------


def test_the_list_says_what_waits_for_whom(desk, user):
    task = forget()
    page = desk.rows(QUEUE).content.decode()
    assert "Mail link: Reset a password" in page
    assert f'<a href="/admin/accounts/user/{user.pk}/change/">{user.pk}</a>' in page
    assert user.email not in page
    assert "/change/" in page
    row = desk.open(task, QUEUE)
    assert inputs(row) == set()
    assert "Mail link: Reset a password" in read(row)
    assert user.email not in read(row)


def test_whoever_may_not_see_accounts_gets_the_id_without_a_link(make_staff, user):
    clerk = Desk.of(make_staff(VIEW))
    task = forget()
    for page in (clerk.rows(QUEUE), clerk.open(task, QUEUE)):
        assert str(user.pk) in read(page)
        assert f"/admin/accounts/user/{user.pk}" not in page.content.decode()


def test_a_notice_is_called_by_its_name_and_tells_nothing_else(desk, user, mailbox):
    api = Api().login()
    typed = {"current_password": "Analytical-Engine-1843", "new_password": "Difference-Engine-1822"}
    assert api.post("/auth/change-password", typed, **{"User-Agent": "Secret/1"}).status_code == 200
    page = read(desk.rows(QUEUE))
    assert "notice: password changed" in page
    assert str(user.pk) in page
    task = DBTaskResult.objects.latest("enqueued_at")
    shown = desk.open(task, QUEUE).content.decode()
    assert "127.0.0.1" not in shown
    assert "Secret/1" not in shown


def test_no_page_shows_arguments_or_an_error_s_text(desk, user, work, smtp_down):
    task = forget()
    DBTaskResult.objects.update(
        status="FAILED", traceback="554 <ada@example.com> no", return_value="a value"
    )
    link = DBTaskResult.objects.get().args_kwargs["args"][0]
    for page in (desk.rows(QUEUE), desk.open(task, QUEUE)):
        for secret in ("554", "ada@example.com", "a value", link):
            assert secret not in read(page)


def test_a_mail_for_nobody_and_one_whose_account_is_gone_are_shown(desk, user):
    forget("nobody@example.com")
    forget()
    user.delete()
    assert "2 not sent yet" in read(desk.rows(QUEUE))


def test_other_peoples_tasks_are_not_shown_and_not_tried(desk, root):
    task = DBTaskResult.objects.create(
        status="FAILED",
        task_path="shop.tasks.charge_card",
        args_kwargs={"args": [], "kwargs": {}},
        backend_name="default",
        run_after=LONG_AGO,
    )
    assert "charge" not in read(desk.rows(QUEUE)).lower()
    assert desk.open(task, QUEUE).status_code == 302
    assert not try_again(by=root, task=task, client=Client())
    assert DBTaskResult.objects.get().status == "FAILED"


@pytest.fixture
def every_state(user) -> dict[str, DBTaskResult]:
    later = {"run_after": timezone.now() + timedelta(minutes=5), "worker_ids": ["a", "b"]}
    return {
        "waiting": forget(),
        "postponed": make("READY", **later),
        "failed": make("FAILED", finished_at=timezone.now()),
        "running": make("RUNNING", started_at=timezone.now()),
        "given_up": make("FAILED", enqueued_at=LONG_AGO, finished_at=LONG_AGO),
        "done": make("SUCCESSFUL", finished_at=timezone.now()),
    }


def test_the_list_is_filtered_by_state(desk, every_state):
    expected = {
        "waiting": {"waiting"},
        "later": {"postponed", "failed"},
        "running": {"running"},
        "given_up": {"given_up"},
        "done": {"done"},
        "nonsense": {*every_state},
    }
    for state, names in expected.items():
        page = desk.rows(QUEUE, state=state).content.decode()
        assert {name for name, task in every_state.items() if str(task.pk) in page} == names
    assert "4 not sent yet" in read(desk.rows(QUEUE))
    assert "1 given up." in read(desk.rows(QUEUE))


def test_a_list_of_many_costs_as_many_statements_as_one_of_few(
    desk, user, django_assert_max_num_queries
):
    for _ in range(12):
        forget()
    with django_assert_max_num_queries(9):
        desk.rows(QUEUE)


# Trying again -------------------------------------------------------------------------------------


def test_only_what_failed_or_was_postponed_is_tried_again(desk, every_state):
    tried = {"postponed", "failed", "given_up"}
    for name, task in every_state.items():
        assert buttons(desk.open(task, QUEUE)) == ["try_again"] * (name in tried)
    before = dict(DBTaskResult.objects.values_list("pk", "status"))
    told = desk.act("try_again", *every_state.values(), what=QUEUE)
    assert sorted(told) == [
        "3 Task Results: There was nothing to do.",
        "3 Task Results: Tried again as soon as a worker is free.",
    ]
    for name, task in every_state.items():
        task.refresh_from_db()
        assert task.status == ("READY" if name in tried else before[task.pk])
    assert DBTaskResult.objects.ready().count() == 4


def test_what_was_given_up_is_tried_once_more(desk, user, mailbox, work, smtp_down):
    task = forget()
    DBTaskResult.objects.update(status="FAILED", enqueued_at=LONG_AGO)
    desk.act("try_again", task, what=QUEUE)
    work()
    assert DBTaskResult.objects.get().status == "FAILED"
    assert sweep() == 0
    smtp_down()
    desk.act("try_again", task, what=QUEUE)
    assert [mail["To"] for mail in mailbox.read()] == [user.email]


def test_no_try_revives_a_link_that_is_over(desk, user, mailbox, later):
    task = forget()
    DBTaskResult.objects.update(status="FAILED")
    user.set_password("Difference-Engine-1822")
    user.save()
    desk.act("try_again", task, what=QUEUE)
    assert mailbox.read() == []
    assert DBTaskResult.objects.get().status == "SUCCESSFUL"


def test_seeing_is_not_trying(make_staff, user):
    clerk = Desk.of(make_staff(VIEW))
    task = make("FAILED", finished_at=timezone.now())
    assert buttons(clerk.open(task, QUEUE)) == []
    clerk.choose("try_again", task, what=QUEUE, confirmed="1")
    assert DBTaskResult.objects.get().status == "FAILED"
    give(get_user_model().objects.get(email="staff@example.com"), "admin")
    assert buttons(clerk.open(task, QUEUE)) == ["try_again"]


@pytest.mark.parametrize("lost", ["is_active", "is_staff", RETRY])
def test_whoever_lost_it_meanwhile_tries_nothing(make_staff, user, lost):
    by, task = make_staff(RETRY), make("FAILED", finished_at=timezone.now())
    if lost == RETRY:
        by.user_permissions.clear()
        allow(by, VIEW)
    else:
        get_user_model().objects.update(**{lost: False})
    with pytest.raises(PermissionDenied):
        try_again(by=by, task=task, client=Client())
    assert DBTaskResult.objects.get().status == "FAILED"


def test_a_sweep_beside_it_moves_a_task_no_further(desk, user, work, smtp_down):
    task = forget()
    work()
    assert sweep() == 1
    assert DBTaskResult.objects.get().run_after > timezone.now()
    desk.act("try_again", task, what=QUEUE)
    assert DBTaskResult.objects.ready().get() == task
    assert sweep() == 0
