"""Doors that operators close: what is refused then, what goes on, and what cannot be read."""

import logging
from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import include, path
from rest_framework.request import Request
from waffle.models import Switch

from accounts.delivery import login_answer
from accounts.errors import RegistrationClosed
from accounts.login import Admitted
from accounts.stages import Attempt
from portcullis.client import Client
from portcullis.switches import Door, flip, is_off
from tests.doors import PASSWORD, Api, codes, shown
from tests.tokens.carrying import PROFILE, refresh_with
from tokens.errors import BearerOff
from tokens.models import Session, Transport
from tokens.simplejwt import RefreshToken

pytestmark = pytest.mark.django_db

REGISTER = "/accounts/register/"
urlpatterns = [path("api/", include("accounts.compat.urls")), path("", include("config.urls"))]
PAIR = {"email": "ada@example.com", "password": PASSWORD}
every_door = pytest.mark.parametrize("door", list(Door), ids=str)


@pytest.fixture
def closed(django_capture_on_commit_callbacks) -> Callable[..., None]:
    """Close a door, or open it again, as a committed transaction does."""

    def turn(door: Door, *, off: bool = True) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            assert flip(door, off=off)

    return turn


# Reading ------------------------------------------------------------------------------------------


@every_door
def test_every_door_has_a_switch_that_closes_it_and_no_other(door, closed):
    assert not any(map(is_off, Door))
    closed(door)
    assert [each for each in Door if is_off(each)] == [door]
    closed(door, off=False)
    assert not any(map(is_off, Door))


def test_what_is_so_already_is_not_flipped(closed):
    assert not flip(Door.SOCIAL, off=False)
    closed(Door.SOCIAL)
    assert not flip(Door.SOCIAL, off=True)


def test_a_missing_row_leaves_the_door_as_it_is_and_comes_back_open(settings, closed):
    settings.WAFFLE_SWITCH_DEFAULT = settings.WAFFLE_CREATE_MISSING_SWITCHES = True
    closed(Door.BEARER)
    Switch.objects.all().delete()
    assert not flip(Door.SOCIAL, off=True)
    Switch.objects.create(name=Door.SOCIAL, active=True)
    assert not is_off(Door.REGISTRATION)
    assert Switch.objects.count() == 1
    call_command("migrate", verbosity=0)
    rows = Switch.objects.values_list("name", "active")
    assert dict(rows) == {name: name == Door.SOCIAL for name in Door.values}


@every_door
def test_a_dead_cache_leaves_the_door_as_it_is_and_is_told_once(door, closed, settings, caplog):
    closed(door)
    living = settings.CACHES
    dead = {"BACKEND": "django.core.cache.backends.redis.RedisCache"}
    settings.CACHES = {**living, "switches": {**dead, "LOCATION": "redis://127.0.0.1:1/0"}}
    assert [is_off(door), is_off(door)] == [False, False]
    told = [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]
    assert told == [f"cannot read {door}, the door stays open: ConnectionError"]
    closed(door, off=False)  # committed although the cache could not be told
    closed(door)
    settings.CACHES = living
    assert is_off(door)


@pytest.mark.django_db(transaction=True)
def test_a_table_that_cannot_be_read_leaves_the_door_as_it_is(user, api):
    Switch.objects.update(active=True)
    with connection.schema_editor() as editor:
        editor.alter_db_table(Switch, "waffle_switch", "elsewhere")
    try:
        assert not any(map(is_off, Door))
        assert api.try_login(transport="bearer").status_code == 200
    finally:
        with connection.schema_editor() as editor:
            editor.alter_db_table(Switch, "elsewhere", "waffle_switch")
    assert all(map(is_off, Door))


def test_a_project_without_waffle_has_no_switches(settings, closed):
    closed(Door.REGISTRATION)
    settings.INSTALLED_APPS = [each for each in settings.INSTALLED_APPS if each != "waffle"]
    assert not any(map(is_off, Door))


@every_door
def test_a_known_switch_costs_no_statement(door):
    for expected in (1, 0, 0):
        with CaptureQueriesContext(connection) as captured:
            is_off(door)
        assert len(captured) == expected


# Registration -------------------------------------------------------------------------------------


def test_registration_goes_off_and_on(closed, api, pages, mailbox):
    closed(Door.REGISTRATION)
    refused = api.register()
    assert (refused.status_code, codes(refused)) == (403, [RegistrationClosed.code])
    assert mailbox.read() == []
    page = pages.visit(REGISTER)
    assert page.status_code == 403
    assert RegistrationClosed.message in shown(page)
    assert REGISTER not in pages.visit("/accounts/login/").content.decode()

    closed(Door.REGISTRATION, off=False)
    assert api.register().status_code == 202
    assert pages.visit(REGISTER).status_code == 200
    assert REGISTER in pages.visit("/accounts/login/").content.decode()


def test_a_page_that_was_loaded_before_registers_nobody(closed, pages, mailbox):
    typed = {"email": "new@example.com", "password": PASSWORD, "name": "New"}
    pages.visit(REGISTER)
    closed(Door.REGISTRATION)
    csrf = {"csrfmiddlewaretoken": pages.client.cookies["__Host-csrftoken"].value}
    origin = {"Origin": "https://portcullis.test"}
    answer = pages.client.post(REGISTER, typed | csrf, secure=True, headers=origin)
    assert RegistrationClosed.message in shown(answer)
    assert mailbox.read() == []


@pytest.mark.parametrize("mode", ["closed", "invite"])
def test_a_switch_opens_nothing_that_the_settings_close(closed, settings, api, mode):
    settings.ACCOUNTS = {**settings.ACCOUNTS, "REGISTRATION": mode}
    closed(Door.REGISTRATION)
    closed(Door.REGISTRATION, off=False)
    assert codes(api.register()) == [RegistrationClosed.code]


# Bearer -------------------------------------------------------------------------------------------


def refused(response) -> bool:
    told = [error["detail"] for error in response.json()["errors"]]
    return (response.status_code, told) == (403, [BearerOff.message])


@pytest.mark.usefixtures("user")
def test_a_bearer_login_is_refused_before_anything_is_looked_at(closed, api):
    closed(Door.BEARER)
    for email, password in [
        ("ada@example.com", PASSWORD),
        ("ada@example.com", "wrong"),
        ("nobody@example.com", PASSWORD),
    ]:
        with CaptureQueriesContext(connection) as captured:
            assert refused(api.try_login(email, password, transport="bearer"))
        assert not [each for each in captured if "accounts_user" in each["sql"]]
    assert not Session.objects.exists()
    closed(Door.BEARER, off=False)
    assert api.login(transport="bearer").refresh().status_code == 200


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize("transport", ["cookie", "hybrid"])
def test_other_transports_go_on(closed, transport):
    closed(Door.BEARER)
    api = Api().login(transport=transport)
    assert api.refresh().status_code == 200
    assert api.post("/auth/reauthenticate", {"password": PASSWORD}).status_code == 200


@pytest.mark.usefixtures("user")
def test_a_bearer_session_waits_for_the_switch_and_goes_on(closed, api, later):
    api.login(transport="bearer")
    closed(Door.BEARER)
    assert refused(api.refresh())
    assert api.get(PROFILE).status_code == 200  # for what is left of its quarter of an hour
    later(minutes=16)
    assert codes(api.get(PROFILE)) == ["token_expired"]
    assert refused(api.refresh())
    closed(Door.BEARER, off=False)
    assert api.refresh().status_code == 200


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize(
    ("endpoint", "body"),
    [
        ("/auth/reauthenticate", {"password": PASSWORD}),
        (
            "/auth/change-password",
            {"current_password": PASSWORD, "new_password": "Difference-1822"},
        ),
    ],
)
def test_no_proof_gets_a_bearer_session_fresh_tokens(closed, api, endpoint, body):
    api.login(transport="bearer")
    closed(Door.BEARER)
    assert refused(api.post(endpoint, body))
    assert Api().login().get(PROFILE).status_code == 200  # by the same password
    closed(Door.BEARER, off=False)
    assert api.refresh().status_code == 200


@pytest.mark.usefixtures("user")
def test_a_stolen_refresh_token_still_ends_its_session(closed, api, later):
    old = api.login(transport="bearer").refresh_token
    api.take(api.refresh())
    closed(Door.BEARER)
    assert refused(refresh_with(api, old))
    later(minutes=1)
    assert codes(refresh_with(api, old)) == ["token_invalid"]
    assert codes(api.refresh()) == ["token_invalid"]


@pytest.mark.usefixtures("user")
def test_logging_out_goes_on(closed, api):
    api.login(transport="bearer")
    closed(Door.BEARER)
    assert api.logout().status_code == 204
    assert codes(api.refresh()) == ["token_invalid"]


def test_a_login_that_began_before_opens_no_bearer_session(closed, user, rf):
    login = Attempt(user, ("pwd", "otp"), Client(), Transport.BEARER, remember_me=False)
    closed(Door.BEARER)
    with pytest.raises(BearerOff):
        login_answer(Request(rf.post("/")), Admitted(login))
    assert not Session.objects.exists()


@pytest.mark.urls(__name__)
def test_the_doors_for_simplejwt_s_clients_close_too(closed, user, api):
    pair = api.post("/token/", PAIR).json()
    host = RefreshToken.for_user(user)  # a project's own code asks no switch
    closed(Door.BEARER)
    assert refused(api.post("/token/", PAIR))
    assert refused(api.post("/token/refresh/", {"refresh": pair["refresh"]}))
    assert refused(api.post("/token/refresh/", {"refresh": str(host)}))
    assert api.post("/token/verify/", {"token": pair["access"]}).status_code == 200
    assert api.post("/token/blacklist/", {"refresh": pair["refresh"]}).status_code == 200
    closed(Door.BEARER, off=False)
    assert api.post("/token/refresh/", {"refresh": str(host)}).status_code == 200
    assert api.post("/token/", PAIR).status_code == 200
