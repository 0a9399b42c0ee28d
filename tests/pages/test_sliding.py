"""A visit to a page keeps the session from idling out, written at most once in five minutes."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.doors import ORIGIN, Api, Form, Pages
from tokens.models import Session

pytestmark = pytest.mark.django_db


def writes(pages: Pages) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert pages.signed_in
    return sum(query["sql"].startswith("UPDATE") for query in captured)


def test_a_visit_after_five_minutes_is_written_once(ada, later):
    later(minutes=4, seconds=50)
    assert writes(ada) == 0

    later(seconds=20)
    assert writes(ada) == 1
    assert writes(ada) == 0
    session = Session.objects.get()
    assert abs(session.last_used_at - timezone.now()) < timedelta(seconds=5)
    assert abs(session.expires_at - timezone.now() - timedelta(days=7)) < timedelta(seconds=5)


def test_the_tokens_stay_as_young_as_the_session(ada, later):
    for _ in range(3):
        later(days=6)
        assert ada.signed_in
    api = Api()
    api.client = ada.client

    assert api.get("/users/profile").status_code == 200
    assert api.fetch_csrf().refresh().status_code == 200
    assert Session.objects.get().generation == 1


def test_a_logout_after_a_while_leaves_no_cookie(ada, later):
    body = Form(ada.visit("/accounts/profile/").content.decode()).hidden
    later(minutes=6)

    response = ada.client.post("/accounts/logout/", body, secure=True, headers={"Origin": ORIGIN})

    assert response.cookies["__Host-access"]["max-age"] == 0


def test_who_comes_by_each_week_stays_until_the_absolute_end(ada, later):
    for _ in range(14):
        later(days=6, hours=10)
        assert ada.signed_in
    later(days=1)

    assert not ada.signed_in


def test_who_does_not_come_by_is_logged_out(ada, later):
    later(days=7, seconds=1)

    assert not ada.signed_in


def test_a_visit_does_not_bring_an_ended_session_back(ada, later):
    later(minutes=6)
    Session.objects.update(revoked_at=timezone.now())
    before = Session.objects.get().expires_at

    assert not ada.signed_in
    assert Session.objects.get().expires_at == before
