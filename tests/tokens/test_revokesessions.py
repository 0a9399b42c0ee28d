"""`revokesessions`: an operator ends somebody's sessions, everybody's, or the old ones."""

import signal
from datetime import UTC, datetime, timedelta
from importlib import import_module
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from time_machine import travel

from tests.doors import Api
from tests.tokens.carrying import PROFILE
from tokens.models import RevokeReason, Session
from tokens.signals import session_revoked

OLD = datetime(2030, 1, 31, 12, tzinfo=UTC)
CUT = OLD + timedelta(minutes=5)
NEW = OLD + timedelta(minutes=10)
ADA, BOB = "ada@example.com", "bob@example.com"

revoking = import_module("tokens.flows.revoke")  # the package has the verb under that name


@pytest.fixture
def people(make_user, own_ring) -> dict[tuple[str, datetime], Api]:
    """Ada and Bob, each logged in before the cut and after it; it is a little later now."""
    logged_in = {}
    with travel(OLD, tick=False) as clock:
        for email in (ADA, BOB):
            make_user(email)
        for moment in (OLD, NEW):
            clock.move_to(moment)
            for email in (ADA, BOB):
                logged_in[email, moment] = Api().login(email, transport="bearer")
        clock.shift(60)
        yield logged_in


def revoke(*arguments: str) -> str:
    said = StringIO()
    call_command("revokesessions", *arguments, stdout=said)
    return said.getvalue()


def still_in(people: dict[tuple[str, datetime], Api]) -> set[tuple[str, datetime]]:
    return {who for who, api in people.items() if api.get(PROFILE).status_code == 200}


@pytest.mark.parametrize(
    ("arguments", "stay"),
    [
        (["--user", ADA], {(BOB, OLD), (BOB, NEW)}),
        (["--user", " ADA@Example.COM"], {(BOB, OLD), (BOB, NEW)}),
        (["--before", "2030-01-31T12:05:00Z"], {(ADA, NEW), (BOB, NEW)}),
        (["--before", "2030-01-31 12:05"], {(ADA, NEW), (BOB, NEW)}),
        (["--before", "2030-01-31T14:05+02:00"], {(ADA, NEW), (BOB, NEW)}),
        (["--before", "2030-01-31T12:00:00Z"], {(ADA, OLD), (ADA, NEW), (BOB, OLD), (BOB, NEW)}),
        (["--before", "2030-02-01"], set()),
        (["--user", BOB, "--before", "2030-01-31T12:05"], {(ADA, OLD), (ADA, NEW), (BOB, NEW)}),
        (["--all"], set()),
    ],
)
def test_it_ends_what_it_was_told_and_nothing_else(people, listen, arguments, stay):
    heard = listen(session_revoked)
    ended = people.keys() - stay

    assert revoke(*arguments) == f"Sessions ended: {len(ended)}.\n"

    assert still_in(people) == stay
    assert {str(fact["session_id"]) for fact in heard} == {people[who].sid for who in ended}
    for fact in heard:
        assert fact["reason"] == RevokeReason.OPERATOR
        assert fact["user_id"] == Session.objects.get(pk=fact["session_id"]).user_id
    assert revoke(*arguments) == "Sessions ended: 0.\n"


def test_a_deactivated_account_comes_back_without_its_sessions(people, django_user_model):
    django_user_model.objects.update(is_active=False)
    assert revoke("--all") == "Sessions ended: 4.\n"
    django_user_model.objects.update(is_active=True)
    assert still_in(people) == set()


def test_sessions_that_were_over_are_not_ended_again(people, listen):
    people[ADA, OLD].logout()
    Session.objects.filter(pk=people[ADA, NEW].sid).update(expires_at=OLD)
    heard = listen(session_revoked)
    assert revoke("--all") == "Sessions ended: 2.\n"
    assert len(heard) == 2
    assert Session.objects.get(pk=people[ADA, OLD].sid).revoke_reason == RevokeReason.LOGOUT


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "Say which sessions"),
        (["--all", "--user", ADA], 2, "Say which sessions"),
        (["--all", "--before", "2030-01-31"], 2, "Say which sessions"),
        (["--before", "yesterday"], 2, "'yesterday' is no time"),
        (["--before", ""], 2, "'' is no time"),
        (["--before", "0001-01-01T00:00+14:00"], 2, "is no time"),
        (["--user", "eve@example.com"], 1, "No account has that address"),
        (["--user", ""], 1, "No account has that address"),
        (["--user", "nobody", "--before", "2030-02-01"], 1, "No account has that address"),
    ],
)
def test_what_is_unclear_ends_nothing(people, arguments, code, said):
    with pytest.raises(CommandError, match=said) as refused:
        revoke(*arguments)
    assert refused.value.returncode == code
    assert "@" not in str(refused.value)
    assert len(still_in(people)) == 4


# In batches ---------------------------------------------------------------------------------------


@pytest.fixture
def listener():
    """`listener(hear)` calls it at every revocation."""
    connected = []

    def connect(hear):
        session_revoked.connect(hear, weak=False)
        connected.append(hear)

    yield connect
    for hear in connected:
        session_revoked.disconnect(hear)


@pytest.mark.parametrize("size", [1, 3, 4, 100])
def test_batches_of_any_size_miss_nobody(people, listen, monkeypatch, size):
    monkeypatch.setattr(revoking, "BATCH_SIZE", size)
    heard = listen(session_revoked)
    assert revoke("--all") == "Sessions ended: 4.\n"
    assert len({fact["session_id"] for fact in heard}) == len(heard) == 4


def test_a_signal_waits_for_the_end_of_the_batch(people, listener, monkeypatch):
    monkeypatch.setattr(revoking, "BATCH_SIZE", 3)
    heard = []

    def interrupted(session_id, **facts):
        if not heard:
            signal.raise_signal(signal.SIGINT)
        heard.append(session_id)

    listener(interrupted)
    said = StringIO()
    with pytest.raises(CommandError, match="SIGINT: stopped") as stopped:
        call_command("revokesessions", "--all", stdout=said)
    assert stopped.value.returncode == 130
    assert said.getvalue() == "Sessions ended: 3.\n"
    assert len(still_in(people)) == 1
    assert revoke("--all") == "Sessions ended: 1.\n"


def test_what_nobody_could_record_did_not_happen(people, listener, monkeypatch):
    """No event, no action: the batch in which a receiver fails is rolled back."""
    monkeypatch.setattr(revoking, "BATCH_SIZE", 2)
    heard = []

    def full(session_id, **facts):
        heard.append(session_id)
        if len(heard) == 4:
            raise OSError("no space left")

    listener(full)
    with pytest.raises(OSError, match="no space"):
        revoke("--all")
    assert len(still_in(people)) == 2
