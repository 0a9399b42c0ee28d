"""Many logins of one user at once: the limit holds exactly, whatever it does at the limit."""

from functools import partial

import pytest

from tests.doors import Api
from tests.races.crowd import all_at_once, statuses
from tests.tokens.carrying import PROFILE
from tokens.models import Session

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]

CROWD = 12
LIMIT = 3


@pytest.fixture
def at_most(settings):
    def limit(policy: str) -> None:
        settings.TOKENS = {**settings.TOKENS, "MAX_SESSIONS": LIMIT, "AT_MAX_SESSIONS": policy}

    return limit


def log_in_together() -> list:
    devices = [Api() for _ in range(CROWD)]
    answers = all_at_once(*(partial(each.try_login, transport="bearer") for each in devices))
    for device, answer in zip(devices, answers, strict=True):
        if answer.status_code == 200:
            device.take(answer)
    return [devices, answers]


def test_the_oldest_give_way_and_no_more_than_needed(user, at_most):
    at_most("end_oldest")
    devices, answers = log_in_together()
    assert statuses(answers) == [200] * CROWD
    assert Session.objects.open().count() == LIMIT
    alive = [device for device in devices if device.get(PROFILE).status_code == 200]
    assert len(alive) == LIMIT
    ended = Session.objects.exclude(revoked_at=None).values_list("revoke_reason", flat=True)
    assert set(ended) == {"limit"}


def test_exactly_as_many_are_let_in(user, at_most):
    at_most("refuse")
    _, answers = log_in_together()
    assert sorted(statuses(answers)) == [200] * LIMIT + [403] * (CROWD - LIMIT)
    assert Session.objects.count() == LIMIT
