"""One notice's button pressed by many at once, beside logins and a thief's next steps."""

import pytest

from accounts.errors import LinkInvalid
from accounts.flows.disowning import disown
from portcullis.client import Client
from tests.doors import PASSWORD, Api
from tests.races.crowd import all_at_once
from tests.tokens.carrying import refresh_with
from tokens.models import Session

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

CLIENT = Client(ip="192.0.2.1")


@pytest.fixture
def token(user, mailbox) -> str:
    Api().login(transport="bearer").patch("/users/profile", {"name": "Eve"})
    return mailbox.token()


def press(token: str) -> bool:
    try:
        disown(token=token, client=CLIENT)
    except LinkInvalid:
        return False
    return True


def test_twenty_threads_disown_once(token, user, mailbox):
    assert sum(all_at_once(*[lambda: press(token)] * 20)) == 1
    user.refresh_from_db()
    assert user.credential_epoch == 1
    assert mailbox.subjects().count("Portcullis: Choose a new password") == 1


def test_no_login_slips_through_beside_it(token):
    def log_in() -> int:
        return Api().try_login(password=PASSWORD, transport="bearer").status_code

    answers = all_at_once(*[log_in] * 3, lambda: press(token), *[log_in] * 2)
    assert answers.pop(3) is True
    assert set(answers) <= {200, 401}
    assert not Session.objects.open().exists()


def test_an_alarm_and_the_button_wait_for_each_other(token, mailbox, later):
    thief = Api().login(transport="bearer")
    stolen = thief.refresh_token
    thief.take(thief.refresh())
    later(seconds=11)
    done, refused = all_at_once(lambda: press(token), lambda: refresh_with(thief, stolen))
    assert (done, refused.status_code) == (True, 401)
    assert not Session.objects.open().exists()
