"""Registering, resending, forgetting: nobody learns from outside which addresses are taken."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portcullis.switches import Door, is_off
from tests.accounts.outside import TAKEN, outside
from tests.doors import PASSWORD, Api

pytestmark = pytest.mark.django_db

EMAIL = "ada@example.com"

taken = pytest.mark.parametrize("fields", TAKEN.values(), ids=TAKEN)


@taken
def test_a_taken_address_answers_like_a_new_one(make_user, fields):
    make_user("taken@example.com", **fields)
    on_taken, on_new = Api().register("taken@example.com"), Api().register("new@example.com")
    assert on_taken.status_code == 202
    assert outside(on_taken) == outside(on_new)


@taken
@pytest.mark.parametrize("path", ["register", "resend-verification", "forgot-password"])
def test_a_taken_address_costs_as_many_statements_as_a_new_one(make_user, path, fields):
    def cost(email: str) -> int:
        body = {"email": email}
        if path == "register":
            body |= {"password": PASSWORD, "name": "Ada"}
        is_off(Door.REGISTRATION)  # read once in ten seconds
        with CaptureQueriesContext(connection) as queries:
            assert Api().post(f"/auth/{path}", body).status_code == 202
        return len(queries)

    make_user("taken@example.com", **fields)
    assert cost("taken@example.com") == cost("new@example.com")


@taken
def test_a_weak_password_is_refused_alike_for_taken_and_new(make_user, fields):
    make_user("taken@example.com", **fields)
    on_taken, on_new = (Api().register(f"{who}@example.com", "short") for who in ("taken", "new"))
    assert on_taken.status_code == 400
    assert outside(on_taken) == outside(on_new)


@taken
def test_resending_answers_alike_for_every_address(make_user, fields):
    make_user("taken@example.com", **fields)
    on_taken, on_new = (
        Api().post("/auth/resend-verification", {"email": f"{who}@example.com"})
        for who in ("taken", "new")
    )
    assert on_taken.status_code == 202
    assert outside(on_taken) == outside(on_new)


@pytest.mark.parametrize(
    "fields", [TAKEN["verified"], TAKEN["inactive"]], ids=["verified", "inactive"]
)
def test_resending_mails_only_those_who_wait_for_a_link(api, make_user, mailbox, fields):
    make_user(**fields)
    api.post("/auth/resend-verification", {"email": EMAIL})
    api.post("/auth/resend-verification", {"email": "nobody@example.com"})
    assert mailbox.read() == []
