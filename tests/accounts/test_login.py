"""Logging in: one refusal for every reason, and an answer that each transport fits exactly."""

from datetime import datetime, timedelta

import pytest
from django.contrib.sessions.models import Session as DjangoSession
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.hashers import Argon2idHasher
from accounts.signals import login_failed
from portcullis.switches import Door, is_off
from tests.accounts.outside import outside
from tests.doors import PASSWORD, Api, codes
from tokens.models import Session

pytestmark = pytest.mark.django_db

EMAIL = "ada@example.com"
WRONG = "Difference-Engine-1822"
REFUSED = {
    "unknown address": (None, PASSWORD),
    "wrong password": ({}, WRONG),
    "no usable password": ({"password": None}, PASSWORD),
    "inactive": ({"is_active": False}, PASSWORD),
    "inactive, wrong password": ({"is_active": False}, WRONG),
    "unverified": ({"email_verified_at": None}, PASSWORD),
    "unverified, wrong password": ({"email_verified_at": None}, WRONG),
}
USER_KEYS = {
    "id", "email", "name", "email_verified", "role", "roles", "permissions", "mfa_enabled",
    "date_joined",
}  # fmt: skip
SESSION_KEYS = {
    "id", "device", "ip", "created_at", "last_used_at", "expires_at", "remember_me", "transport",
    "auth_methods", "restriction", "current",
}  # fmt: skip
DONE = {"mfa_required", "user", "session", "expires_in"}
BODY = {
    "cookie": DONE,
    "hybrid": DONE | {"access"},
    "bearer": DONE | {"access", "refresh"},
}
COOKIES = {
    "cookie": {"__Host-access", "__Secure-refresh", "__Host-sessionid"},
    "hybrid": {"__Secure-refresh"},
    "bearer": set(),
}
BESIDES = {"__Host-csrftoken", "__Host-device"}  # they carry no session
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"

refused = pytest.mark.parametrize(("fields", "password"), REFUSED.values(), ids=REFUSED)


@pytest.fixture
def hashings(monkeypatch) -> list[str]:
    """Every slow hashing from now on."""
    counted: list[str] = []

    def count(name: str) -> None:
        original = getattr(Argon2idHasher, name)

        def counting(*args, **kwargs):
            counted.append(name)
            return original(*args, **kwargs)

        monkeypatch.setattr(Argon2idHasher, name, counting)

    count("encode")
    count("verify")
    return counted


@refused
def test_every_refusal_is_the_same_answer(make_user, transport, fields, password):
    if fields is not None:
        make_user(**fields)
    answer = Api().try_login(EMAIL, password, transport=transport)
    unknown = Api().try_login("nobody@example.com", WRONG, transport=transport)
    assert (answer.status_code, codes(answer)) == (401, ["invalid_credentials"])
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    assert outside(answer) == outside(unknown)
    assert not answer.cookies.keys() - BESIDES
    assert not Session.objects.exists()


@refused
def test_every_refusal_hashes_once(make_user, hashings, fields, password):
    if fields is not None:
        make_user(**fields)
    hashings.clear()
    Api().try_login(EMAIL, password, transport="bearer")
    assert len(hashings) == 1


def test_a_wrong_password_costs_as_many_statements_as_an_unknown_address(user):
    def statements(email: str) -> list[str]:
        is_off(Door.BEARER)  # read once in ten seconds
        with CaptureQueriesContext(
            connection,
        ) as queries:
            Api().try_login(email, WRONG, transport="bearer")
        return [query["sql"].split(" ")[0] for query in queries]

    assert statements(EMAIL) == statements("nobody@example.com")


@refused
def test_every_refusal_is_announced_once(make_user, heard, fields, password):
    user = None if fields is None else make_user(**fields)
    with heard(login_failed) as calls:
        Api().try_login(EMAIL, password, transport="bearer")
    assert [call["user"] for call in calls] == [user]
    assert calls[0]["reason"]
    assert password not in calls[0]["reason"]


def test_an_unverified_account_gets_a_fresh_link_for_its_right_password(api, make_user, mailbox):
    make_user(email_verified_at=None)
    assert api.try_login().status_code == 401
    link = mailbox.token()
    assert Api().post("/auth/verify-email", {"token": link}).status_code == 200
    api.login()
    assert api.answer["user"]["name"] == "Ada"


@pytest.mark.parametrize(
    ("fields", "password"),
    [({"email_verified_at": None}, WRONG), ({"is_active": False}, PASSWORD), ({}, WRONG)],
    ids=["unverified, wrong password", "inactive", "wrong password"],
)
def test_no_other_refusal_mails_anything(api, make_user, mailbox, fields, password):
    make_user(**fields)
    api.try_login(EMAIL, password)
    assert mailbox.read() == []


def test_the_answer_has_exactly_what_its_transport_puts_there(user, api, transport):
    response = api.try_login(transport=transport)
    answer = response.json()
    assert answer.keys() == BODY[transport]
    assert answer["user"].keys() == USER_KEYS
    assert answer["session"].keys() == SESSION_KEYS
    assert answer["mfa_required"] is False
    assert answer["expires_in"] == 900
    assert response.cookies.keys() - BESIDES == COOKIES[transport]
    if transport == "bearer":
        assert not api.client.cookies
    assert response.headers["Cache-Control"] == "no-store"


def test_the_answer_says_who_and_where(user, transport):
    api = Api(**{"User-Agent": FIREFOX}).login(transport=transport)
    assert api.answer["user"] == {
        "id": str(user.pk),
        "email": EMAIL,
        "name": "Ada",
        "email_verified": True,
        "role": "user",
        "roles": ["user"],
        "permissions": [],
        "mfa_enabled": False,
        "date_joined": user.date_joined.isoformat().replace("+00:00", "Z"),
    }
    said, row = api.answer["session"], Session.objects.get()
    assert (said["id"], said["transport"]) == (str(row.pk), transport)
    assert (said["device"], said["ip"]) == ("Firefox on Windows", "127.0.0.1")
    assert (said["auth_methods"], said["restriction"]) == (["pwd"], None)
    assert (said["remember_me"], said["current"]) == (False, True)
    assert all(said[at].endswith("Z") for at in ("created_at", "last_used_at", "expires_at"))


@pytest.mark.parametrize(("remember_me", "days"), [(False, 7), (True, 30)])
def test_remember_me_decides_how_long_the_session_lives(user, api, transport, remember_me, days):
    response = api.try_login(transport=transport, remember_me=remember_me)
    said = response.json()["session"]
    opened, ends = (datetime.fromisoformat(said[at]) for at in ("created_at", "expires_at"))
    assert ends - opened == timedelta(days=days)
    assert said["remember_me"] is remember_me
    if transport != "bearer":
        life = response.cookies["__Secure-refresh"]["max-age"]
        assert life == pytest.approx(days * 24 * 3600, abs=60) if remember_me else life == ""


@pytest.mark.parametrize("transport", ["cookie", "hybrid"])
@pytest.mark.parametrize(
    "headers",
    [{"X-CSRFToken": None}, {"X-CSRFToken": "x" * 64}, {"Origin": "https://evil.example"}],
    ids=["no token", "another token", "another origin"],
)
def test_a_foreign_page_cannot_log_a_browser_in(user, api, transport, headers):
    api.fetch_csrf()
    body = {"email": EMAIL, "password": PASSWORD, "transport": transport}
    answer = api.post("/auth/login", body, **headers)
    assert (answer.status_code, codes(answer)) == (403, ["csrf_failed"])
    assert not Session.objects.exists()
    assert not DjangoSession.objects.exists()


def test_a_bearer_login_needs_no_csrf_token(user):
    assert Api(Origin="https://evil.example").try_login(transport="bearer").status_code == 200


def test_an_address_counts_in_any_case_and_with_spaces_around(user, api):
    assert api.try_login("  ADA@Example.COM ").status_code == 200
