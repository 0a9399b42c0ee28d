"""The catalogue of refusals, and what the outside sees when something breaks instead."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from django.db import DataError, InterfaceError, OperationalError, ProgrammingError
from django.urls import include, path

import accounts
import mfa
import portcullis
import rbac
import tokens
from portcullis.api import Endpoint
from portcullis.errors import AuthError
from tests.doors import Api, codes
from tests.portcullis.routes import in_shape
from tokens.endpoints import PublicEndpoint, SignedInEndpoint

# A code or status that changes here changes for clients: CONTRACT 2 and CHANGELOG come first.
CATALOGUE = {
    ("body_too_large", 413),
    ("csrf_failed", 403),
    ("invalid", 400),
    ("invalid_code", 401),
    ("invalid_credentials", 401),
    ("invalid_password", 400),
    ("key_too_young", 409),
    ("last_admin", 409),
    ("link_invalid", 400),
    ("mfa_enrollment_required", 403),
    ("mfa_required", 401),
    ("mfa_token_invalid", 401),
    ("not_authenticated", 401),
    ("permission_denied", 403),
    ("reauthentication_required", 403),
    ("registration_closed", 403),
    ("token_expired", 401),
    ("token_invalid", 401),
    ("unavailable", 503),
}
SECRET = "postgres://portcullis:hunter2@10.0.0.7/db"
PROMISES_NO_INTERNALS = ("Traceback", "hunter2", "10.0.0.7", "OperationalError", "psycopg", ".py")


def catalogue() -> list[type[AuthError]]:
    for app in (portcullis, tokens, rbac, accounts, mfa):
        for module in pkgutil.walk_packages(app.__path__, f"{app.__name__}."):
            if module.name.endswith(".errors"):
                importlib.import_module(module.name)

    def walk(base: type[AuthError]) -> Iterator[type[AuthError]]:
        for each in base.__subclasses__():
            yield each
            yield from walk(each)

    return [each for each in walk(AuthError) if not each.__module__.startswith("tests")]


every_error = pytest.mark.parametrize("error", catalogue(), ids=lambda error: error.__name__)


class Breaks(PublicEndpoint):
    """Raises whatever the test says."""

    error: Exception

    def get(self, request):
        raise self.error


class BreaksSignedIn(SignedInEndpoint):
    def get(self, request):
        raise Breaks.error


class BreaksBare(Endpoint):
    """Leaves everything to the base class, as a forgetful developer would."""

    def get(self, request):
        raise Breaks.error


urlpatterns = [
    path("api/breaks", Breaks.as_view()),
    path("api/breaks-signed-in", BreaksSignedIn.as_view()),
    path("api/breaks-bare", BreaksBare.as_view()),
    path("", include("config.urls")),
]
broken = pytest.mark.urls(__name__)


@pytest.fixture
def breaking(monkeypatch):
    def say(error: Exception) -> None:
        monkeypatch.setattr(Breaks, "error", error, raising=False)

    return say


def test_the_catalogue_is_what_clients_rely_on():
    assert {(error.code, error.status) for error in catalogue()} == CATALOGUE


@every_error
def test_every_refusal_reads_like_one(error):
    assert error.code == error.code.lower()
    assert error.code.replace("_", "").isalpha()
    assert error.message[0].isupper()
    assert error.message.endswith(".")
    assert len(error.message) <= 160
    for inside in ("Error", "Exception", "None", "sql", "django", "self", "session row", "epoch"):
        assert inside not in error.message


@broken
@every_error
def test_every_refusal_keeps_its_reason_to_itself(db, breaking, error):
    if error.__name__ == "FieldErrors":
        breaking(error({"name": [("blank", "It is empty.")]}))
    else:
        breaking(error(f"because of {SECRET}"))
    answer = Api().get("/breaks")
    assert answer.status_code == error.status
    assert in_shape(answer)
    assert "hunter2" not in answer.content.decode()
    challenge = answer.headers.get("WWW-Authenticate")
    if error.status == 401:
        assert challenge.startswith('Bearer realm="api"')
        assert ('error="invalid_token"' in challenge) == error.code.startswith("token_")
    else:
        assert challenge is None


@broken
@pytest.mark.parametrize("error", [OperationalError(SECRET), InterfaceError(SECRET)])
@pytest.mark.parametrize("path", ["/breaks", "/breaks-signed-in"])
def test_a_database_that_is_gone_is_unavailable(user, breaking, error, path):
    breaking(error)
    api = Api().login()
    answer = api.get(path)
    assert (answer.status_code, codes(answer)) == (503, ["unavailable"])
    assert int(answer.headers["Retry-After"]) > 0
    assert in_shape(answer)
    assert not any(inside in answer.content.decode() for inside in PROMISES_NO_INTERNALS)


@broken
@pytest.mark.parametrize("debug", [False, True], ids=["production", "DEBUG"])
@pytest.mark.parametrize(
    "error",
    [
        ValueError(SECRET),
        KeyError(SECRET),
        ProgrammingError(SECRET),
        DataError(SECRET),
        RecursionError(),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.django_db
def test_an_unexpected_error_is_a_bare_500(breaking, settings, caplog, debug, error):
    settings.DEBUG = debug
    breaking(error)
    answer = Api().get("/breaks")
    assert answer.status_code == 500
    assert in_shape(answer)
    assert not any(inside in answer.content.decode() for inside in PROMISES_NO_INTERNALS)
    assert type(error).__name__ in caplog.text  # the log has it


@broken
def test_a_view_that_forgot_to_say_who_may_call_it_is_closed(db, breaking):
    breaking(AssertionError("reached"))
    answer = Api().get("/breaks-bare")
    assert (answer.status_code, codes(answer)) == (401, ["not_authenticated"])


@pytest.mark.parametrize("debug", [False, True], ids=["production", "DEBUG"])
def test_an_unknown_path_shows_no_route_even_under_debug(settings, debug, db):
    settings.DEBUG = debug
    answer = Api().get("/nothing")
    assert (answer.status_code, codes(answer)) == (404, ["not_found"])
    assert "urlconf" not in answer.content.decode().lower()


def test_a_signed_in_request_without_its_database_is_unavailable(user, monkeypatch):
    """The strict look at the session row is the first thing that needs the database."""
    api = Api().login(transport="bearer")

    def gone(*args, **kwargs):
        raise OperationalError(SECRET)

    monkeypatch.setattr("tokens.authentication.strict.read", gone)
    answer = api.get("/users/profile")
    assert (answer.status_code, codes(answer)) == (503, ["unavailable"])
    assert "Retry-After" in answer.headers
    assert Api().get("/auth/csrf").status_code == 200
