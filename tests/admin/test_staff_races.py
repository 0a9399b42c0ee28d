"""Staff who act on each other at the same moment: somebody is always left who can undo it."""

from functools import partial

import pytest
from django.contrib.auth import get_user_model

from accounts.models import OneTimeToken
from tests.admin.desk import Desk
from tests.doors import PASSWORD, Api
from tests.races.crowd import all_at_once
from tests.races.waiting import holding
from tokens.models import Session

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

ROUNDS = 5


def admins() -> int:
    return get_user_model().objects.filter(is_superuser=True, is_staff=True, is_active=True).count()


@pytest.fixture
def peers(root, make_user):
    others = [
        make_user(f"{name}@example.com", is_staff=True, is_superuser=True)
        for name in ("grace", "margaret")
    ]
    return [root, *others]


def act(action: str, desk: Desk, row):
    form = {"action": action, "_selected_action": str(row.pk), "confirmed": "1", "reason": "Lost"}
    return desk.post("/admin/accounts/user/", form)


deactivate = partial(act, "deactivate")


def test_two_superusers_who_deactivate_each_other_leave_one(root, make_user):
    other = make_user("grace@example.com", is_staff=True, is_superuser=True)
    for _ in range(ROUNDS):
        get_user_model().objects.update(is_active=True)
        one, two = Desk.of(root), Desk.of(other)
        answers = all_at_once(partial(deactivate, one, other), partial(deactivate, two, root))
        assert {answer.status_code for answer in answers} <= {302}
        assert admins() == 1


def test_three_in_a_ring_leave_one_at_least(peers):
    for _ in range(ROUNDS):
        get_user_model().objects.update(is_active=True)
        desks = [Desk.of(peer) for peer in peers]
        ring = zip(desks, [*peers[1:], peers[0]], strict=True)
        all_at_once(*(partial(deactivate, desk, row) for desk, row in ring))
        assert admins() >= 1


def test_of_superusers_who_all_step_down_one_stays(peers):
    for _ in range(ROUNDS):
        get_user_model().objects.update(is_superuser=True)
        desks = [Desk.of(peer) for peer in peers]
        all_at_once(
            *(
                partial(desk.save, peer, is_staff="on")
                for desk, peer in zip(desks, peers, strict=True)
            )
        )
        assert admins() == 1


def test_whoever_is_deactivated_while_they_wait_decides_nothing(root, make_user, user):
    other = make_user("grace@example.com", is_staff=True, is_superuser=True)
    desk = Desk.of(other)
    users = get_user_model().objects
    with holding(lambda: users.select_for_update().get(pk=other.pk)) as start:
        waiting = start(partial(deactivate, desk, user))
        users.filter(pk=other.pk).update(is_active=False)
    assert waiting.result().status_code == 302
    assert users.get(pk=user.pk).is_active


@pytest.mark.parametrize("action", ["deactivate", "lock_down"])
def test_a_login_beside_it_leaves_no_session_that_lives(root, user, action):
    for _ in range(ROUNDS):
        user.set_password(PASSWORD)
        user.save()
        get_user_model().objects.update(is_active=True, must_change_password=False)
        desk, late = Desk.of(root), Api()
        attempt, _ = all_at_once(
            partial(late.try_login, transport="bearer"), partial(act, action, desk, user)
        )
        assert attempt.status_code in {200, 401}
        assert not Session.objects.open().filter(user=user).exists()


def test_a_link_asked_for_beside_a_deactivation_opens_nothing(root, user, mailbox):
    for _ in range(ROUNDS):
        get_user_model().objects.update(is_active=True)
        desk = Desk.of(root)
        ask = {"email": user.email}
        asked, done = all_at_once(
            partial(Api().post, "/auth/forgot-password", ask), partial(deactivate, desk, user)
        )
        assert (asked.status_code, done.status_code) == (202, 302)
        mailbox.read()
        assert not OneTimeToken.alive().filter(user=user, digest__isnull=False).exists()


def test_one_address_added_twice_at_once_is_one_account(root, mailbox):
    form = {"email": "grace@example.com", "name": "Grace"}
    desks = [Desk.of(root) for _ in range(4)]
    answers = all_at_once(
        *(partial(desk.post, "/admin/accounts/user/add/", form) for desk in desks)
    )
    assert {answer.status_code for answer in answers} <= {200, 302}
    assert get_user_model().objects.filter(email_key="grace@example.com").count() == 1
    assert len(mailbox.read()) == 1
