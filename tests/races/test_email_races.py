"""Changes of address that meet each other, a registration, a login, a refresh, or an undo."""

import pytest
from django.contrib.auth import get_user_model

from accounts import directory
from accounts.flows import email_change
from accounts.models import OneTimeToken, Purpose
from tests.accounts.moving import (
    CONFIRM,
    NEW,
    OLD,
    THIRD,
    ask,
    asked,
    confirm,
    moved,
    secret,
    undo,
)
from tests.doors import Api, codes
from tests.races.crowd import all_at_once, statuses
from tests.races.waiting import holding
from tokens.models import Session

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

User = get_user_model()
ROUNDS = 3


def locked(*users):
    keys = [user.pk for user in users]
    return lambda: list(User.objects.filter(pk__in=keys).select_for_update(no_key=True))


def test_two_accounts_confirm_one_address_at_once_and_one_gets_it(make_user, mailbox):
    people = [make_user(OLD), make_user("grace@example.com")]
    mailed = [asked(mailbox, at=user.email, to=NEW) for user in people]
    with holding(locked(*people)) as start:  # both have been let in; neither has looked yet
        answers = [start(lambda token=token: confirm(token)) for token in mailed]
    assert statuses([answer.result() for answer in answers]) == [200, 400]
    assert User.objects.filter(email=NEW).count() == 1
    assert OneTimeToken.alive().filter(purpose=Purpose.UNDO_EMAIL).count() == 1


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_a_crowd_of_accounts_confirms_one_address(make_user, mailbox, turn):
    people = [make_user(f"person{number}@example.com") for number in range(6)]
    mailed = [asked(mailbox, at=user.email, to=NEW) for user in people]
    answers = all_at_once(*(lambda token=token: confirm(token) for token in mailed))
    assert statuses(answers) == [200, *[400] * 5]
    assert User.objects.filter(email=NEW).count() == 1


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_a_confirmation_beside_a_registration_of_the_address(user, mailbox, turn):
    token = asked(mailbox)
    confirmed, registered = all_at_once(
        lambda: confirm(token), lambda: Api().register("ADA@new.example")
    )
    assert registered.status_code == 202
    assert confirmed.status_code in {200, 400}
    user.refresh_from_db()
    assert (user.email == NEW) == (confirmed.status_code == 200)
    assert User.objects.filter(email_key=NEW).count() == 1


@pytest.mark.parametrize("door", ["registration", "change"])
def test_an_address_is_wanted_at_the_moment_that_it_is_given_up(
    make_user, mailbox, monkeypatch, door
):
    """Whoever looks for its account before it is reserved must not look for that before."""
    make_user("eve@example.com")
    eves = asked(mailbox, at="eve@example.com", to=OLD)
    make_user(OLD)
    module, name = (directory, "find") if door == "registration" else (email_change, "owner_of")
    leaving, find = [asked(mailbox)], getattr(module, name)

    def after_it_was_given_up(email: str, **besides):
        if leaving:
            token = leaving.pop()
            assert all_at_once(lambda: confirm(token))[0].status_code == 200
        return find(email, **besides)

    monkeypatch.setattr(module, name, after_it_was_given_up)
    answer = Api().register(OLD) if door == "registration" else confirm(eves)
    assert answer.status_code == (202 if door == "registration" else 400)
    assert not leaving
    assert not User.objects.filter(email_key=OLD).exists()


def test_an_undo_beside_the_confirmation_of_a_later_change(user, mailbox):
    first = moved(mailbox)
    later = asked(mailbox, at=NEW, to=THIRD)
    with holding(locked(user)) as start:
        changed, undone = start(lambda: confirm(later)), start(lambda: undo(first))
    assert undone.result().status_code == 200
    assert changed.result().status_code in {200, 400}
    assert User.objects.get().email == OLD
    assert not OneTimeToken.alive().filter(purpose=Purpose.UNDO_EMAIL).exists()


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_an_undo_beside_an_earlier_one(user, mailbox, turn):
    first = moved(mailbox)
    second = moved(mailbox, at=NEW, to=THIRD)
    one, two = all_at_once(lambda: undo(first), lambda: undo(second))
    assert one.status_code == 200
    assert two.status_code in {200, 400}
    assert User.objects.get().email == OLD


def test_an_undo_beside_a_thief_who_logs_in_and_refreshes(user, mailbox):
    token = moved(mailbox)
    thief = Api().login(NEW, transport="bearer")
    with holding(locked(user)) as start:
        undone = start(lambda: undo(token))
        login = start(lambda: Api().try_login(NEW, transport="bearer"))
    assert undone.result().status_code == 200
    assert codes(login.result()) == ["invalid_credentials"]
    assert thief.refresh().status_code == 401
    assert not Session.objects.open().exists()


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_an_undo_beside_a_refresh_leaves_no_session(user, mailbox, turn):
    token = moved(mailbox)
    thief = Api().login(NEW, transport="bearer")
    undone, refreshed = all_at_once(lambda: undo(token), thief.refresh)
    assert undone.status_code == 200
    if refreshed.status_code == 200:
        thief.take(refreshed)
    assert thief.get("/users/profile").status_code == 401
    assert thief.refresh().status_code == 401


def test_an_undo_beside_a_thief_who_asks_for_yet_another_address(user, mailbox):
    token = moved(mailbox)
    thief = Api().login(NEW, transport="bearer")
    with holding(locked(user)) as start:
        undone, wanted = start(lambda: undo(token)), start(lambda: ask(thief, THIRD))
    assert undone.result().status_code == 200
    assert wanted.result().status_code in {202, 401}
    waiting = OneTimeToken.alive().filter(purpose=Purpose.CHANGE_EMAIL)
    assert not waiting.exists()
    assert THIRD not in [mail["To"] for mail in mailbox.read()]


def test_many_requests_at_once_leave_one_pending_change(user, mailbox):
    api = Api().login(transport="bearer")
    answers = all_at_once(*(lambda n=n: ask(api, f"ada{n}@new.example") for n in range(6)))
    assert statuses(answers) == [202] * 6
    waiting = OneTimeToken.alive().get(purpose=Purpose.CHANGE_EMAIL)
    assert confirm(secret(mailbox, waiting.recipient, CONFIRM)).status_code == 200
