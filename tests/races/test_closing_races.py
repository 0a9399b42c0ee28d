"""An account is closed, reopened and erased beside logins, other closings, and itself."""

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from accounts.flows.closing import close_account
from accounts.flows.erasure import erase_account
from portcullis.client import Client
from tests.admin.conftest import give
from tests.doors import Api, codes
from tests.races.crowd import all_at_once, statuses
from tests.races.waiting import holding
from tests.tokens.carrying import PROFILE
from tokens.models import Session

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

REOPEN = "/auth/reopen"


def users():
    return get_user_model().objects


def close_together(*people) -> list:
    doors = [Api().login(person.email, transport="bearer") for person in people]
    return all_at_once(*(lambda door=door: door.delete(PROFILE) for door in doors))


@pytest.mark.parametrize("what", ["admins", "superusers"])
def test_of_the_last_two_who_close_at_once_one_stays(make_user, what):
    people = [make_user(f"a{number}@example.com") for number in range(2)]
    if what == "admins":
        for person in people:
            give(person, "admin")
    else:
        users().update(is_staff=True, is_superuser=True)
    answers = close_together(*people)
    assert statuses(answers) == [202, 409]
    assert users().filter(closed_at=None).count() == 1


def test_one_account_is_closed_once(user, mailbox):
    doors = [Api().login(transport="bearer") for _ in range(6)]
    answers = all_at_once(*(lambda door=door: door.delete(PROFILE) for door in doors))
    assert statuses(answers) == [202] + [401] * 5
    assert len(mailbox.read()) == 1
    user.refresh_from_db()
    assert user.credential_epoch == 1


def test_a_login_that_began_before_the_account_was_closed_opens_no_whole_session(user):
    """The stages saw an open account; the row that the session would be tied to says otherwise."""
    Api().login(transport="bearer")
    session = Session.objects.select_related("user").get()
    with holding(lambda: users().select_for_update().get(pk=user.pk)) as start:
        login = start(lambda: Api().try_login(transport="bearer"))
        close_account(session=session, client=Client())
    assert (login.result().status_code, codes(login.result())) == (401, ["invalid_credentials"])
    assert Session.objects.open().count() == 0


def test_two_sessions_reopen_at_once_and_the_owner_is_told_once(user, mailbox):
    users().update(closed_at=timezone.now())
    doors = [Api().login(transport="bearer") for _ in range(6)]
    answers = all_at_once(*(lambda door=door: door.post(REOPEN) for door in doors))
    assert statuses(answers) == [200] * 6
    assert len(mailbox.read()) == 1


@pytest.fixture
def overdue(user):
    """Closed long ago, and logged in now."""
    users().update(closed_at=timezone.now().replace(year=2020))
    return Api().login(transport="bearer")


def erase(user) -> bool:
    return erase_account(user.pk, now=timezone.now())


def test_who_reopens_before_the_eraser_comes_stays(user, overdue):
    with holding(lambda: users().select_for_update().get(pk=user.pk)) as start:
        reopened = start(lambda: overdue.post(REOPEN))
        erased = start(lambda: erase(user))
    assert reopened.result().status_code == 200
    assert erased.result() is False
    assert users().filter(pk=user.pk, closed_at=None).exists()


def test_who_reopens_after_the_eraser_came_is_gone(user, overdue):
    with holding(lambda: users().select_for_update().get(pk=user.pk)) as start:
        erased = start(lambda: erase(user))
        reopened = start(lambda: overdue.post(REOPEN))
    assert erased.result() is True
    assert (reopened.result().status_code, codes(reopened.result())) == (401, ["token_invalid"])
    assert not users().exists()


def test_two_erasers_meet_and_nothing_is_erased_twice(make_user):
    moment = timezone.now().replace(year=2020)
    people = [make_user(f"a{number}@example.com", closed_at=moment) for number in range(4)]

    def erase_all() -> int:
        return sum(erase(person) for person in people)

    assert sum(all_at_once(erase_all, erase_all)) == len(people)
    assert not users().exists()


def test_logins_and_links_beside_an_eraser_leave_no_lock_and_no_half(make_user):
    """Whoever comes too late finds no account; whoever comes too early is erased with it, or stops
    the eraser, who comes again. A link whose account goes between the two halves of its request is
    the one thing that has no better answer than a 500."""
    moment = timezone.now().replace(year=2020)
    user = make_user("ada@example.com", closed_at=moment)

    def eraser() -> str:
        try:
            return "erased" if erase(user) else "left"
        except Exception as error:  # noqa: BLE001  (which one is looked at below)
            return type(error).__name__

    answers = all_at_once(
        eraser,
        *[lambda: Api().try_login(transport="bearer").status_code] * 3,
        *[lambda: Api().post("/auth/forgot-password", {"email": user.email}).status_code] * 2,
    )
    assert answers[0] in {"erased", "IntegrityError"}
    assert set(answers[1:4]) <= {200, 401}
    assert set(answers[4:]) <= {202, 500}
    if users().exists():
        assert erase(user)
    assert not users().exists()
