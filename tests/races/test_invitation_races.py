"""An invitation makes one account, however many accept it, and whatever happens beside it."""

from collections import Counter

import pytest
from django.contrib.auth import get_user_model

from accounts.flows.invitations import invite, withdraw
from accounts.models import Invitation, OneTimeToken
from portcullis.client import Client
from rbac.authority import OPERATOR
from rbac.flows import grant
from rbac.models import RoleAssignment
from tests.access.people import give, make_role
from tests.doors import Api, codes
from tests.races.crowd import all_at_once
from tests.races.waiting import holding

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

EMAIL = "ada@example.com"
CROWD = 20


def password(number: int) -> str:
    return f"Difference-Engine-{number:04}"


def accept(token: str, number: int = 0):
    body = {"email": EMAIL, "password": password(number), "name": f"Ada {number}"}
    return Api().post("/auth/register", {**body, "invitation": token})


def statuses(answers: list) -> Counter:
    return Counter(answer.status_code for answer in answers)


@pytest.fixture
def host(make_user):
    make_role("host", "accounts.invite_user", "rbac.assign_role", rank=50)
    make_role("badge", rank=5)
    return give(make_user("host@example.com"), "host")


@pytest.fixture
def token(host, mailbox) -> str:
    invite(by=host, email=EMAIL, roles=["badge"], client=Client())
    return mailbox.token()


def test_twenty_threads_spend_one_invitation_and_one_makes_the_account(token):
    answers = all_at_once(*(lambda n=n: accept(token, n) for n in range(CROWD)))
    assert statuses(answers) == {202: 1, 400: CROWD - 1}
    assert all(codes(answer) == ["link_invalid"] for answer in answers if answer.status_code == 400)
    winner = next(n for n, answer in enumerate(answers) if answer.status_code == 202)
    user = get_user_model().objects.get(email=EMAIL)
    assert user.name == f"Ada {winner}"
    assert user.check_password(password(winner))
    assert user.credential_epoch == 1
    assert RoleAssignment.objects.filter(user=user).count() == 1


def test_one_address_is_invited_and_registered_at_once_and_has_one_row(host):
    answers = all_at_once(
        *[lambda: invite(by=host, email=EMAIL, roles=["badge"], client=Client())] * 5,
        *(lambda n=n: Api().register(EMAIL, password(n)) for n in range(5)),
    )
    assert statuses(answers[5:]) == {202: 5}
    assert get_user_model().objects.filter(email_key=EMAIL).count() == 1
    assert Invitation.objects.filter(link__in=OneTimeToken.alive()).count() == 1


def test_it_is_accepted_or_withdrawn(host, token):
    row = Invitation.objects.get()
    answer, withdrawn = all_at_once(
        lambda: accept(token), lambda: withdraw(by=host, invitation=row, client=Client())
    )
    assert withdrawn is (answer.status_code == 400)
    verified = get_user_model().objects.get(email=EMAIL).email_verified_at
    assert withdrawn is (verified is None)


def test_a_sender_who_loses_the_right_while_it_is_accepted_has_lost_it(host, token):
    """Whoever takes the role comes first: the invitation waits, and then finds it gone."""
    with holding(lambda: list(get_user_model().objects.select_for_update())) as start:
        accepted = start(lambda: accept(token))
        RoleAssignment.objects.filter(user=host).delete()
    assert accepted.result().status_code == 400
    assert not RoleAssignment.objects.exists()


def test_accepting_inviting_and_giving_roles_wait_for_each_other(host, token, make_user):
    """They want the same rows; taken in another order by each, they would deadlock."""
    root = make_user("root@example.com", is_superuser=True)
    grants = [
        lambda who=who: grant(user=who, role="badge", reason="Earned", by=OPERATOR, client=Client())
        for who in (host, root)
    ]
    again = lambda: invite(by=root, email=EMAIL, roles=["badge"], client=Client())  # noqa: E731
    answers = all_at_once(lambda: accept(token), *grants, again, lambda: Api().register(EMAIL))
    assert answers[0].status_code in {202, 400}
    assert answers[-1].status_code == 202
