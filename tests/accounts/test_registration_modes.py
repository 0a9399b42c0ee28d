"""Who gets an account and who may log in, by mode of registration and of verification."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from accounts.models import OneTimeToken
from tests.access.people import give, make_role
from tests.doors import PASSWORD, Api, codes

pytestmark = pytest.mark.django_db

# By registration and verification: what a registration and one by an invitation are answered, and
# whether each of the two may log in before any further link is opened.
#                          openly  invited  login after each
MODES: dict[tuple[str, str], tuple[int, int, bool, bool]] = {
    ("open", "mandatory"): (202, 202, False, True),
    ("open", "optional"): (202, 202, True, True),
    ("invite", "mandatory"): (403, 202, False, True),
    ("invite", "optional"): (403, 202, False, True),
    ("closed", "mandatory"): (403, 403, False, False),
    ("closed", "optional"): (403, 403, False, False),
}


def logs_in(email: str) -> bool:
    return Api().try_login(email, PASSWORD, transport="bearer").status_code == 200


@pytest.fixture
def host(make_user) -> Api:
    make_role("host", "accounts.invite_user", rank=50)
    return Api().login(give(make_user("host@example.com"), "host").email, transport="bearer")


def registered(email: str, **invitation: Any):
    body = {"email": email, "password": PASSWORD, "name": "Ada", **invitation}
    return Api().post("/auth/register", body)


@pytest.mark.parametrize("modes", MODES, ids="-".join)
def test_who_gets_an_account_and_who_may_log_in(host, accounts, mailbox, modes):
    host.post("/invitations", {"email": "invited@example.com"})
    token = mailbox.token()
    registration, verification = modes
    accounts(REGISTRATION=registration, EMAIL_VERIFICATION=verification)
    openly = registered("ada@example.com")
    invited = registered("invited@example.com", invitation=token)
    found = (
        openly.status_code,
        invited.status_code,
        logs_in("ada@example.com"),
        logs_in("invited@example.com"),
    )
    assert found == MODES[modes]
    for answer in (openly, invited):
        assert answer.status_code == 202 or codes(answer) == ["registration_closed"]


def test_where_registration_is_closed_nobody_is_invited(host, accounts):
    accounts(REGISTRATION="closed")
    answer = host.post("/invitations", {"email": "ada@example.com"})
    assert (answer.status_code, codes(answer)) == (403, ["registration_closed"])
    assert get_user_model().objects.count() == 1
    assert not OneTimeToken.objects.exists()


def test_a_refusal_says_how_one_gets_in(accounts):
    accounts(REGISTRATION="invite")
    (error,) = registered("ada@example.com").json()["errors"]
    assert error["detail"] == "Registration is by invitation only."


@pytest.mark.parametrize("mode", ["open", "invite"])
def test_a_bad_invitation_opens_no_mode(accounts, mode):
    accounts(REGISTRATION=mode)
    answer = registered("ada@example.com", invitation="x" * 43)
    assert (answer.status_code, codes(answer)) == (400, ["link_invalid"])
    assert not get_user_model().objects.exists()
