"""`flushexpiredtokens`: what has expired goes, in batches; what is alive stays."""

import os
import pty
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session as DjangoSession
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import BooleanField, Func, Model, Q
from django.db.models.signals import post_delete
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult, get_date_max

from accounts.models import OneTimeToken, PendingLogin, Purpose
from portcullis import leftovers, progress, registry
from portcullis.progress import ERASE, bar
from portcullis.purge import purge
from portcullis.registry import Expiring
from tests.doors import Api, codes
from tests.tokens.carrying import PROFILE, refresh_with, refreshed
from tokens.models import KeyState, Session, SigningKey

PROJECT = Path(__file__).resolve().parents[2]
EXPIRED_SESSIONS = Expiring(Session, "expires_at")


def flush(*arguments: str) -> str:
    said = StringIO()
    call_command("flushexpiredtokens", *arguments, stdout=said, stderr=said)
    return said.getvalue()


def sessions(user, count: int, expires_at: datetime) -> list[Session]:
    """Rows with one moment, as a mass login leaves them: the walk has no step between them."""
    return Session.objects.bulk_create(
        Session(user=user, epoch=0, expires_at=expires_at, absolute_expires_at=expires_at)
        for _ in range(count)
    )


@pytest.fixture
def dead(user) -> list[Session]:
    return sessions(user, 7, timezone.now() - timedelta(hours=1))


@pytest.fixture
def alive(user) -> list[Session]:
    return sessions(user, 2, timezone.now() + timedelta(hours=1))


# What goes ----------------------------------------------------------------------------------------


def test_the_walk_through_every_table_is_along_an_index(db):
    with connection.cursor() as cursor:
        for entry in registry.expiring():
            constraints = connection.introspection.get_constraints(
                cursor, entry.model._meta.db_table
            )
            field = entry.model._meta.get_field(
                entry.model._meta.pk.name if entry.walk == "pk" else entry.walk
            )
            leading = {found["columns"][0] for found in constraints.values() if found["index"]}
            assert field.primary_key or field.column in leading, entry


def made(user, moment: datetime) -> list[Model]:
    """One row of every kind that ends at `moment`."""
    [session] = sessions(user, 1, moment)
    return [
        session,
        OneTimeToken.objects.create(
            purpose=Purpose.RESET_PASSWORD, user=user, recipient=user.email, expires_at=moment
        ),
        PendingLogin.objects.create(
            digest=uuid.uuid4().hex, user=user, epoch=0, stage="x", expires_at=moment
        ),
        DjangoSession.objects.create(
            session_key=uuid.uuid4().hex, session_data="", expire_date=moment
        ),
    ]


def test_expired_rows_of_every_app_go_and_no_others(user):
    now = timezone.now()
    gone, kept = made(user, now - timedelta(seconds=1)), made(user, now + timedelta(minutes=1))

    said = flush()

    assert [type(row)._base_manager.filter(pk=row.pk).exists() for row in gone] == [False] * 4
    assert [type(row)._base_manager.filter(pk=row.pk).exists() for row in kept] == [True] * 4
    for row in gone:
        assert f"{row._meta.label}: 1 deleted" in said
    assert get_user_model().objects.get() == user


def task(status: str, finished_at: datetime | None) -> uuid.UUID:
    result = DBTaskResult.objects.create(
        status=status,
        finished_at=finished_at,
        task_path="x",
        args_kwargs={"args": [], "kwargs": {}},
        backend_name="default",
        run_after=get_date_max(),
    )
    return result.pk


def test_results_of_tasks_go_once_nobody_tries_them_again(db):
    old, young = (timezone.now() - timedelta(days=days) for days in (15, 13))
    for status in (TaskResultStatus.SUCCESSFUL, TaskResultStatus.FAILED):
        task(status, old)
    kept = {
        task(TaskResultStatus.SUCCESSFUL, young),
        task(TaskResultStatus.FAILED, young),
        task(TaskResultStatus.READY, old),  # failed once and waits for its next turn
        task(TaskResultStatus.RUNNING, None),
    }
    assert "DBTaskResult: 2 deleted" in flush()
    assert set(DBTaskResult.objects.values_list("pk", flat=True)) == kept


def test_results_of_tasks_are_kept_as_long_as_failed_ones_are_tried_again(settings):
    settings.PORTCULLIS = {**settings.PORTCULLIS, "TASK_RETRY_FOR": 30 * 86400}
    [results] = [entry for entry in leftovers.expiring() if entry.model is DBTaskResult]
    assert results.after == timedelta(days=30)


@pytest.mark.parametrize(
    ("engine", "in_the_table"),
    [("db", True), ("cached_db", True), ("cache", False), ("signed_cookies", False)],
)
def test_django_sessions_go_where_they_are_in_the_database(settings, engine, in_the_table):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    assert (DjangoSession in {entry.model for entry in leftovers.expiring()}) is in_the_table


def test_a_key_goes_with_its_last_token_and_those_that_sign_stay(own_ring, user, later):
    call_command("rotatesigningkey", stdout=StringIO())
    former = SigningKey.objects.get(state=KeyState.VERIFYING)

    assert "SigningKey: 0 deleted" in flush()
    later(seconds=(former.not_after - timezone.now()).total_seconds() + 1)
    assert "SigningKey: 1 deleted" in flush()

    states = SigningKey.objects.values_list("state", flat=True)
    assert sorted(states) == [KeyState.ACTIVE, KeyState.NEXT]
    assert Api().login(transport="bearer").get(PROFILE).status_code == 200


def test_a_session_that_idled_out_is_refused_before_the_purge_and_after(door, later):
    later(days=8)
    before = door.refresh()
    flush()
    after = door.refresh()
    assert Session.objects.count() == 0
    assert (before.status_code, codes(before)) == (after.status_code, codes(after))
    assert after.status_code == 401


# How ----------------------------------------------------------------------------------------------


def test_a_batch_is_one_statement_that_brings_no_row_here(dead, alive):
    with CaptureQueriesContext(connection) as captured:
        batches = list(purge(EXPIRED_SESSIONS, now=timezone.now(), batch_size=3))

    assert batches == [3, 3, 1]
    statements = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]
    deleting = [sql for sql in statements if sql.startswith("DELETE")]
    assert len(deleting) == 3
    assert len(statements) == 6
    assert all("LIMIT" in sql and '"user_agent"' not in sql for sql in statements)
    if connection.vendor == "postgresql":
        assert all("FOR UPDATE SKIP LOCKED" in sql for sql in deleting)
    assert set(Session.objects.all()) == set(alive)


def test_a_full_last_batch_ends_the_walk(user):
    sessions(user, 6, timezone.now())
    assert list(purge(EXPIRED_SESSIONS, now=timezone.now(), batch_size=3)) == [3, 3, 0]


def test_what_hangs_on_a_row_goes_with_it(make_user, dead):
    """As a host project's models may: Django's collector follows their foreign keys."""
    others = [make_user(f"old-{number}@example.com") for number in range(3)]
    for each in others:
        sessions(each, 2, timezone.now() + timedelta(hours=1))
    old = Expiring(get_user_model(), "date_joined", only=Q(email__startswith="old-"))

    assert list(purge(old, now=timezone.now(), batch_size=2)) == [2, 1]
    assert set(Session.objects.all()) == set(dead)


def test_who_listens_to_deletions_hears_each(dead, alive):
    heard = []

    def hear(instance, **facts):
        heard.append(instance.expires_at)

    post_delete.connect(hear, sender=Session)
    try:
        assert list(purge(EXPIRED_SESSIONS, now=timezone.now(), batch_size=3)) == [3, 3, 1]
    finally:
        post_delete.disconnect(hear, sender=Session)
    assert heard == [row.expires_at for row in dead]
    assert set(Session.objects.all()) == set(alive)


def test_a_dry_run_counts_and_deletes_nothing(dead, alive):
    with CaptureQueriesContext(connection) as captured:
        said = flush("--dry-run")
    assert "tokens.Session: 7 to delete" in said
    assert not [query for query in captured if not query["sql"].startswith("SELECT")]
    assert Session.objects.count() == 9


@pytest.mark.parametrize("size", ["0", "-1", "100001", "many", "1.5"])
def test_a_batch_size_that_is_none_is_refused(dead, size):
    with pytest.raises(CommandError, match="batch-size"):
        flush(f"--batch-size={size}")
    assert Session.objects.count() == len(dead)


# What goes wrong ----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_table_that_fails_does_not_stop_the_others(dead, monkeypatch):
    unknown = Func(function="no_such_function", output_field=BooleanField())
    broken = Expiring(PendingLogin, "expires_at", only=Q(unknown))
    monkeypatch.setattr(registry, "_expiring", [broken, *registry.expiring()])
    said = StringIO()

    with pytest.raises(CommandError, match="1 failed") as refused:
        call_command("flushexpiredtokens", stdout=said, stderr=said)

    assert refused.value.returncode == 1
    assert "accounts.PendingLogin: 0 deleted" in said.getvalue()
    assert "no_such_function" in said.getvalue()
    assert "tokens.Session: 7 deleted" in said.getvalue()
    assert Session.objects.count() == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_waits_for_the_end_of_the_batch(dead, number, code):
    def interrupted(execute, sql, *rest):
        if sql.startswith("DELETE") and '"tokens_session"' in sql:
            signal.raise_signal(number)
        return execute(sql, *rest)

    said, before = StringIO(), signal.getsignal(number)
    with (
        connection.execute_wrapper(interrupted),
        pytest.raises(CommandError, match=number.name) as stopped,
    ):
        call_command("flushexpiredtokens", "--batch-size=3", stdout=said)

    assert stopped.value.returncode == code
    assert "tokens.Session: 3 deleted" in said.getvalue()
    assert Session.objects.count() == 4
    assert signal.getsignal(number) == before
    assert "tokens.Session: 4 deleted" in flush()


def test_the_second_ctrl_c_does_not_wait(dead):
    def impatient(execute, sql, *rest):
        if sql.startswith("DELETE"):
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
        return execute(sql, *rest)

    with connection.execute_wrapper(impatient), pytest.raises(KeyboardInterrupt):
        flush()
    assert Session.objects.count() == len(dead)


# What is said -------------------------------------------------------------------------------------


def test_a_long_run_says_so_where_there_is_no_terminal(dead, monkeypatch):
    assert "so far" not in flush("--dry-run") + flush("--batch-size=4")
    sessions(dead[0].user, 5, timezone.now() - timedelta(minutes=1))
    monkeypatch.setattr(progress, "LINE_EVERY", 0)
    lines = [line for line in flush("--batch-size=4").splitlines() if "tokens.Session" in line]
    assert lines == [
        "tokens.Session: 4 so far",
        "tokens.Session: 5 so far",
        "tokens.Session: 5 deleted",
    ]


@pytest.mark.parametrize(
    ("done", "total", "width", "line"),
    [
        (0, 1000, 41, "t.Row [..............]   0%  0 of 1,000"),
        (500, 1000, 41, "t.Row [######......]  50%  500 of 1,000"),
        (1001, 1000, 43, "t.Row [############] 100%  1,001 of 1,000"),
        (0, 0, 35, "t.Row [############] 100%  0 of 0"),
        (500, 1000, 20, "t.Row []  50%  500 "),
    ],
)
def test_the_bar_fits_the_terminal(done, total, width, line):
    assert bar("t.Row", done, total, width=width) == line
    assert len(line) < width


def here() -> dict[str, str]:
    """The environment of a process that works on the test's own database."""
    name = str(connection.settings_dict["NAME"])
    url = urlsplit(os.environ["DATABASE_URL"])
    database = name if name.startswith("/") else f"{url.path.rpartition('/')[0]}/{name}"
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": f"{url.scheme}://{url.netloc}{'/' * name.startswith('/')}{database}",
    }


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Both ends of one that is 80 wide."""
    ends = pty.openpty()
    yield ends
    for end in ends:
        os.close(end)


@pytest.mark.django_db(transaction=True)
def test_a_person_at_a_terminal_sees_a_bar_and_stops_it(user, terminal):
    sessions(user, 3000, timezone.now())
    ours, theirs = terminal
    command = [sys.executable, "manage.py", "flushexpiredtokens", "--batch-size=1"]
    process = subprocess.Popen(
        command, cwd=PROJECT, env=here(), stdout=theirs, stderr=subprocess.PIPE, text=True
    )
    seen = ""
    while "% " not in seen.partition("tokens.Session")[2]:
        seen += os.read(ours, 4096).decode()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    seen += os.read(ours, 65536).decode()

    assert process.returncode == 130, errors
    assert "SIGINT: stopped" in errors
    assert f"{ERASE}tokens.Session [" in seen
    assert "of 3,000" in seen
    left = Session.objects.count()
    assert 0 < left < 3000
    assert f"{ERASE}tokens.Session: {3000 - left:,} deleted" in seen
    assert f"tokens.Session: {left:,} deleted" in flush()


def test_a_theft_is_told_also_of_a_session_that_is_purged_by_then(bearer, mailbox, later):
    old = bearer.refresh_token
    refreshed(bearer)
    later(seconds=11)
    assert refresh_with(bearer, old).status_code == 401
    later(days=8)
    call_command("flushexpiredtokens", stdout=StringIO())
    assert not Session.objects.exists()
    assert mailbox.latest()["To"] == "ada@example.com"
    assert "had been replaced" in mailbox.latest().get_body().get_content()
