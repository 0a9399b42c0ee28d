"""How long a session lives: idle 7 days, or 30 if remembered, and never over 90 in all."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.doors import Api, codes
from tests.tokens.carrying import PROFILE, access_token_of, refresh_token_of, refreshed
from tests.tokens.forge import claims_of
from tokens.models import Session
from tokens.signals import reuse_detected


@pytest.fixture(params=[(False, 7), (True, 30)], ids=["for a week", "remembered"])
def remember_me_and_days(request) -> tuple[bool, int]:
    return request.param


@pytest.fixture
def days(remember_me_and_days) -> int:
    return remember_me_and_days[1]


@pytest.fixture
def door(user, transport, remember_me_and_days) -> Api:
    return Api().login(transport=transport, remember_me=remember_me_and_days[0])


def test_each_refresh_slides_the_end_on(door, later, days):
    for _ in range(2):
        later(days=days, minutes=-1)
        refreshed(door)
    session = Session.objects.get()
    assert session.expires_at - timezone.now() > timedelta(days=days, minutes=-1)
    assert claims_of(refresh_token_of(door))["exp"] == int(session.expires_at.timestamp())


@pytest.mark.parametrize("overdue", [1, 3600])
def test_a_session_left_alone_ends_without_alarm(door, later, listen, days, overdue):
    alarms = listen(reuse_detected)
    later(days=days, seconds=overdue)
    response = door.refresh()
    assert response.status_code == 401
    assert codes(response) == ["token_invalid"]
    assert Session.objects.get().revoked_at is None
    assert not alarms


def test_no_session_outlives_its_absolute_end(door, later):
    for _ in range(14):
        later(days=6)
        refreshed(door)
    end = claims_of(refresh_token_of(door))["exp"]
    session = Session.objects.get()
    assert session.expires_at == session.absolute_expires_at
    assert session.absolute_expires_at - session.created_at == timedelta(days=90)
    assert end == int(session.absolute_expires_at.timestamp())

    later(days=6, minutes=-5)
    assert refreshed(door).answer["expires_in"] <= 300
    assert claims_of(access_token_of(door))["exp"] == end
    later(minutes=6)
    assert codes(door.refresh()) == ["token_invalid"]
    assert door.get(PROFILE).status_code == 401


def test_a_young_access_token_does_not_outlive_its_session(bearer):
    Session.objects.update(expires_at=timezone.now())
    assert codes(bearer.get(PROFILE)) == ["token_invalid"]
