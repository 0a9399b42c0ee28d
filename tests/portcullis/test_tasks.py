"""Background tasks survive: refused mail, killed workers, actions that roll back."""

import socket
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.utils import timezone
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult
from time_machine import travel

from accounts.models import OneTimeToken
from accounts.signals import registered
from portcullis.conf import conf
from portcullis.tasks import renew, sweep
from tests.doors import Api, Sink
from tests.races.waiting import holding

EMAIL = "ada@example.com"
LONG_AGO = timezone.now() - timedelta(hours=1)


class Moody(Sink):
    """An SMTP server that refuses the first mails, by the answers given."""

    def __init__(self, *answers: str) -> None:
        super().__init__()
        self.answers = list(answers)
        self.attempts = 0

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802
        self.attempts += 1
        if self.answers:
            return self.answers.pop(0)
        return await super().handle_DATA(server, session, envelope)


@pytest.fixture
def through(settings, serve):
    def send_through(handler):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", serve(handler)
        return handler

    return send_through


@pytest.fixture
def ordered(user) -> DBTaskResult:
    """A task that waits to be run: the mail of a reset link."""
    Api().post("/auth/forgot-password", {"email": EMAIL})
    return DBTaskResult.objects.get()


def task() -> DBTaskResult:
    return DBTaskResult.objects.get()


# Retrying -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("refusal", ["451 try again later", "554 no", "421 closing"])
def test_mail_that_was_refused_arrives_exactly_once_afterwards(ordered, work, through, refusal):
    server = through(Moody(refusal, refusal))
    while task().status != "SUCCESSFUL":
        work()
        if task().status == "FAILED":
            assert sweep() == 1
            DBTaskResult.objects.update(run_after=timezone.now())
    work()
    assert sweep() == 0
    assert server.attempts == 3
    assert [mail["To"] for mail in server.messages] == [EMAIL]


def test_the_pauses_grow_up_to_five_minutes(ordered, work, through):
    through(Moody(*["451 later"] * 12))
    pauses = []
    with travel(timezone.now()) as clock:
        for _ in range(12):
            work()
            assert sweep() == 1
            waiting = task()
            pauses.append((waiting.run_after - waiting.finished_at).total_seconds())
            work()  # too early: nothing happens
            assert task().status == "READY"
            clock.move_to(waiting.run_after)
    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]


def test_a_task_is_given_up_a_day_after_it_was_wanted(ordered, work, through):
    through(Moody("554 no"))
    work()
    wanted = task().enqueued_at
    with travel(wanted + timedelta(seconds=conf().TASK_RETRY_FOR - 1), tick=False):
        assert sweep() == 1
    DBTaskResult.objects.update(status="FAILED")
    with travel(wanted + timedelta(seconds=conf().TASK_RETRY_FOR), tick=False):
        assert sweep() == 0
    assert task().status == "FAILED"


def test_a_server_that_is_gone_loses_nothing(ordered, work, mailbox, settings):
    working = settings.EMAIL_PORT
    with socket.create_server(("127.0.0.1", 0)) as free:
        settings.EMAIL_PORT = free.getsockname()[1]
    work()
    assert task().exception_class_path == "builtins.ConnectionRefusedError"
    settings.EMAIL_PORT = working
    assert sweep() == 1
    with travel(task().run_after):
        assert [mail["To"] for mail in mailbox.read()] == [EMAIL]


def test_a_failed_task_keeps_no_secret(ordered, work, through):
    through(Moody("554 no"))
    work()
    failed = task()
    assert failed.status == "FAILED"
    assert "?token=" not in failed.traceback
    assert failed.args_kwargs["args"] == [str(OneTimeToken.objects.get().pk)]


# Recovering ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "lost"), [(0, 0), (59, 0), (61, 1), (3600, 1)])
def test_a_task_whose_worker_is_lost_is_found_after_a_minute(ordered, mailbox, seconds, lost):
    started = timezone.now() - timedelta(seconds=seconds)
    DBTaskResult.objects.update(status="RUNNING", started_at=started, worker_ids=["dead"])
    assert sweep() == lost
    assert len(mailbox.read()) == lost


def test_a_second_sweep_finds_nothing_left(ordered, work, through):
    through(Moody("451 later"))
    work()
    assert (sweep(), sweep()) == (1, 0)
    DBTaskResult.objects.update(status="RUNNING", started_at=timezone.now() - timedelta(hours=1))
    assert (sweep(), sweep()) == (1, 0)


def test_a_done_task_is_never_run_again(ordered, mailbox):
    assert len(mailbox.read()) == 1
    with travel(timezone.now() + timedelta(hours=2)):
        assert sweep() == 0
        assert len(mailbox.read()) == 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("status", ["FAILED", "RUNNING"])
def test_sweeps_beside_each_other_move_a_task_once(ordered, status):
    long_ago = timezone.now() - timedelta(minutes=10)
    DBTaskResult.objects.update(status=status, started_at=long_ago, finished_at=long_ago)
    with holding(lambda: list(DBTaskResult.objects.select_for_update())) as start:
        sweeps = [start(sweep) for _ in range(4)]  # all have read the row by now
    assert sorted(each.result() for each in sweeps) == [0, 0, 0, 1]


@pytest.fixture
def own_signals(monkeypatch):
    """The command would answer Ctrl-C for the rest of this process, which is pytest's."""
    monkeypatch.setattr(Worker, "configure_signals", lambda worker: None)


@pytest.mark.usefixtures("own_signals")
def test_the_command_in_batches_sweeps_first(ordered, mailbox, work):
    long_ago = timezone.now() - timedelta(minutes=10)
    DBTaskResult.objects.update(status="RUNNING", started_at=long_ago)
    work()  # makes the worker use the test's own connection
    call_command(
        "db_worker", batch=True, interval=0, startup_delay=False, reload=False, verbosity=0
    )
    assert len(mailbox.read()) == 1


# With the action ----------------------------------------------------------------------------------


def test_an_action_that_rolls_back_mails_nothing(db, mailbox):
    def refuse(**arguments) -> None:
        raise RuntimeError("the action fails at its end")

    registered.connect(refuse)
    try:
        assert Api().register().status_code == 500
    finally:
        registered.disconnect(refuse)
    assert not get_user_model().objects.exists()
    assert not OneTimeToken.objects.exists()
    assert not DBTaskResult.objects.exists()
    assert mailbox.read() == []


def test_a_worker_that_still_says_so_has_its_task(ordered):
    """A slow mail is not a lost one, and another worker must not send it again."""
    DBTaskResult.objects.update(status="RUNNING", started_at=LONG_AGO, worker_ids=["slow", "mine"])
    renew("slow")
    assert DBTaskResult.objects.get().started_at == LONG_AGO
    renew("mine")
    assert sweep() == 0


def test_other_peoples_tasks_are_left_alone(db):
    """Only tasks that may run twice are run twice."""
    for status in ("FAILED", "RUNNING"):
        DBTaskResult.objects.create(
            status=status,
            task_path="shop.tasks.charge_card",
            args_kwargs={"args": [], "kwargs": {}},
            backend_name="default",
            run_after=LONG_AGO,
            started_at=LONG_AGO,
            finished_at=LONG_AGO,
        )
    assert sweep() == 0
