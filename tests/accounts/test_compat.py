"""A client that was written for SimpleJWT, against SimpleJWT's own views and against ours."""

import json
import logging
import os
import subprocess
import sys
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session as DjangoSession
from django.core.exceptions import SuspiciousFileOperation
from django.core.management import call_command
from django.db import connection
from django.http import HttpRequest
from django.test.utils import CaptureQueriesContext
from django.urls import include, path, reverse
from rest_framework import authentication, serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import PendingLogin
from accounts.signals import logged_in, login_failed
from portcullis.reports import SecretsFilter
from portcullis.switches import Door, is_off
from tests.accounts.outside import outside
from tests.accounts.simplejwt_client import EMAIL, FORM, INACTIVE, LOGIN, TokenClient, story
from tests.doors import PASSWORD, Api, codes
from tests.package.readme import PROJECT
from tests.tokens import forge
from tests.tokens.carrying import by_header
from tokens.authentication import TokenAuthentication
from tokens.models import RevokeReason, Session, Transport
from tokens.signals import reuse_detected

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

JSON = "application/json"
WRONG = "Difference-Engine-1822"
CHALLENGE = 'Bearer realm="api"'
VERIFIED = "accounts.stages.VerifiedEmail"
STAGES = "tests.accounts.test_login_stages"
NOT_OURS = {"messages"}  # which of its token classes refused a token, and why
DIFFERENT = {
    "a blank around the password": ((200, None), (401, "no_active_account")),
    "129 characters": ((401, None), (400, None)),
    "a number": ((401, None), (400, None)),
    "verify what was rotated away": ((400, None), (401, "token_not_valid")),
    "verify after it": ((400, None), (401, "token_not_valid")),
    "refresh of somebody who was deactivated": ((401, None), (401, "token_not_valid")),
    "hello from somebody who was deactivated": (
        (401, "user_inactive"),
        (401, "token_not_valid"),
    ),
}
"""Steps of which docs/migrating.md tells: status and `code` there and here."""
KEY = "a-key-of-the-project-s-own"


class Hello(APIView):
    authentication_classes = (TokenAuthentication,)
    schema = None

    def get(self, request):
        return Response({"hello": str(request.user)})


class KeyAuthentication(authentication.TokenAuthentication):
    """DRF's own (`Token ...`), with one key and without its table."""

    def authenticate_credentials(self, key):
        if key != KEY:
            raise AuthenticationFailed
        return get_user_model().objects.get(email=EMAIL), key


class HelloByEither(Hello):
    authentication_classes = (KeyAuthentication, TokenAuthentication)


class HelloByOursFirst(Hello):
    authentication_classes = (TokenAuthentication, KeyAuthentication)


class Parcel(serializers.Serializer):
    type = serializers.CharField()
    errors = serializers.CharField()
    weight = serializers.IntegerField()


class Post(APIView):
    """A view of the project that takes forms, one parcel or many."""

    permission_classes = ()
    parser_classes = (*APIView.parser_classes, FormParser, MultiPartParser)
    schema = None

    def post(self, request):
        parcels = Parcel(data=request.data, many=isinstance(request.data, list))
        parcels.is_valid(raise_exception=True)
        raise serializers.ValidationError("Too heavy.")  # a bare list, as DRF answers it


class Suspect(Post):
    def post(self, request):
        raise SuspiciousFileOperation("/etc/passwd")


urlpatterns = [
    path("api/hello", Hello.as_view()),
    path("api/hello/either", HelloByEither.as_view()),
    path("api/hello/ours-first", HelloByOursFirst.as_view()),
    path("api/parcels", Post.as_view()),
    path("api/suspect", Suspect.as_view()),
    path("api/", include("accounts.compat.urls")),
    path("", include("config.urls")),
]


@pytest.fixture(scope="module")
def theirs() -> dict[str, dict]:
    """What SimpleJWT answers to the story."""
    command = [sys.executable, "-m", "tests.accounts.simplejwt_server"]
    environment = {**os.environ, "OLD_DATABASE": ":memory:"}
    told = subprocess.run(
        command,
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    return json.loads(told.stdout)


@pytest.fixture
def client() -> TokenClient:
    return TokenClient()


@pytest.fixture
def pair(user, client) -> dict[str, str]:
    answer = client.obtain()
    assert answer.status_code == 200, answer.content
    return answer.json()


def refused(answer, code: str, ours: str, status: int = 401) -> bool:
    """In both shapes at once."""
    said = answer.json()
    return (
        (answer.status_code, said["code"], codes(answer)) == (status, code, [ours])
        and said.keys() == {"type", "errors", "detail", "code"}
        and answer.headers.get("WWW-Authenticate", "").startswith(CHALLENGE)
    )


@pytest.fixture
def both_shapes(settings):
    """The project's own views refuse as these endpoints do."""
    settings.REST_FRAMEWORK = {
        **settings.REST_FRAMEWORK,
        "EXCEPTION_HANDLER": "accounts.compat.problems.handle",
    }


@pytest.mark.usefixtures("both_shapes")
@pytest.mark.parametrize("login_field", ["email", "username"])
def test_the_story_goes_as_with_simplejwt(theirs, make_user, login_field):
    make_user(EMAIL)
    make_user(INACTIVE, is_active=False)
    ours = story(TokenClient(login_field))
    assert ours.keys() == theirs.keys() >= DIFFERENT.keys()
    for step, answers in DIFFERENT.items():
        told = [(side[step]["status"], side[step]["code"]) for side in (theirs, ours)]
        assert told == [*answers], step
    for step, told in theirs.items():
        if step in DIFFERENT:
            continue
        assert ours[step]["status"] == told["status"], step
        assert ours[step]["cookies"] == [], step
        assert set(told["members"]) - NOT_OURS <= set(ours[step]["members"]), step
        if told["status"] < 300:
            assert ours[step]["members"] == told["members"], step
        if told["code"]:
            assert ours[step]["code"] == told["code"], step
        if told["challenge"]:
            assert ours[step]["challenge"].startswith(told["challenge"]), step


def test_the_names_and_paths_are_simplejwt_s():
    found = {name: reverse(f"token_{name}") for name in ("obtain_pair", "refresh", "verify")}
    assert found == {
        "obtain_pair": "/api/token/",
        "refresh": "/api/token/refresh/",
        "verify": "/api/token/verify/",
    }
    assert reverse("token_blacklist") == "/api/token/blacklist/"


def test_it_is_documented_where_it_is_included(tmp_path):
    written = tmp_path / "schema.json"
    options = ["--validate", "--fail-on-warn", "--format", "openapi-json", "--file", written]
    call_command("spectacular", *options)
    paths = json.loads(written.read_text())["paths"]
    assert {path for path in paths if path.startswith("/api/token/")} == {
        reverse(f"token_{name}") for name in ("obtain_pair", "refresh", "verify", "blacklist")
    }


def test_it_is_no_door_of_the_project_itself(settings, user):
    settings.ROOT_URLCONF = "config.urls"
    assert TokenClient().obtain().status_code == 404


def test_a_login_opens_one_bearer_session_that_every_endpoint_knows(user, pair):
    session = Session.objects.get()
    assert (session.user, session.transport) == (user, Transport.BEARER)
    assert (session.auth_methods, session.remember_me) == (["pwd"], False)
    assert by_header(pair["access"]).json()["email"] == EMAIL
    claims = forge.claims_of(pair["access"])
    assert claims.keys() == forge.claims_of(Api().login(transport="bearer").access).keys()
    assert Api().post("/auth/refresh", {"refresh": pair["refresh"]}).status_code == 200


def test_a_login_is_announced_as_every_other(user, client, heard):
    with heard(logged_in) as admitted, heard(login_failed) as failures:
        client.obtain()
        client.obtain(password=WRONG)
        client.obtain("nobody@example.com")
    assert [call["user"] for call in admitted] == [user]
    assert [call["user"] for call in failures] == [user, None]


@pytest.mark.parametrize(
    "fields", [{}, {"is_active": False}, {"email_verified_at": None}, {"password": None}], ids=str
)
def test_every_refused_login_is_one_answer(make_user, client, fields):
    make_user(**fields)
    answer = client.obtain(password=PASSWORD if fields else WRONG)
    assert refused(answer, "no_active_account", "invalid_credentials")
    assert outside(answer) == outside(client.obtain("nobody@example.com"))
    assert not Session.objects.exists()


def test_a_refused_login_costs_the_same_for_every_address(user, client):
    def cost(name: str) -> int:
        is_off(Door.BEARER)  # read once in ten seconds
        with CaptureQueriesContext(connection) as queries:
            client.obtain(name, WRONG)
        return len(queries)

    assert cost(EMAIL) == cost("nobody@example.com")


def test_the_right_password_of_an_unverified_account_mails_a_link(make_user, client, mailbox):
    make_user(email_verified_at=None)
    assert client.obtain().status_code == 401
    assert Api().post("/auth/verify-email", {"token": mailbox.token()}).status_code == 200
    assert client.obtain().status_code == 200


def test_a_demand_for_more_than_the_password_is_refused(user, client, accounts):
    accounts(LOGIN_STAGES=(VERIFIED, f"{STAGES}.Riddle"))
    answer = client.obtain()
    assert refused(answer, "mfa_required", "mfa_required")
    assert not Session.objects.exists()
    assert PendingLogin.objects.get().digest not in answer.content.decode()
    assert refused(client.obtain(password=WRONG), "no_active_account", "invalid_credentials")


def test_a_session_restricted_to_one_step_stays_so(user, client, accounts):
    accounts(LOGIN_STAGES=(VERIFIED, f"{STAGES}.CompromisedPassword"))
    pair = client.obtain().json()
    for tokens in (pair, client.refresh(pair["refresh"]).json()):
        assert by_header(tokens["access"]).status_code == 403
        assert refused(client.verify(tokens["access"]), "token_not_valid", "token_invalid")


def test_a_password_is_taken_byte_for_byte(make_user, client):
    make_user(password=f" {PASSWORD} ")
    assert client.obtain(password=f" {PASSWORD} ").status_code == 200
    assert client.obtain(password=PASSWORD).status_code == 401


def test_a_token_is_rotated_away_after_a_grace(user, client, pair, later, heard):
    newer = client.refresh(pair["refresh"]).json()
    again = client.refresh(pair["refresh"])
    assert again.status_code == 200
    assert forge.claims_of(again.json()["refresh"])["gen"] == 1
    later(seconds=11)
    with heard(reuse_detected) as alarms:
        assert refused(client.refresh(pair["refresh"]), "token_not_valid", "token_invalid")
    assert len(alarms) == 1
    assert Session.objects.get().revoke_reason == RevokeReason.REUSE
    assert refused(client.refresh(newer["refresh"]), "token_not_valid", "token_invalid")
    assert refused(client.verify(newer["access"]), "token_not_valid", "token_invalid")


def test_verify_asks_the_session(user, client, pair):
    assert [client.verify(token).status_code for token in pair.values()] == [200, 200]
    type(user).objects.update(is_active=False)
    for token in pair.values():
        assert refused(client.verify(token), "token_not_valid", "token_invalid")
    assert refused(client.refresh(pair["refresh"]), "token_not_valid", "token_invalid")


def test_an_expired_access_token_says_so_in_both_shapes(client, pair, later):
    later(minutes=16)
    answer = client.verify(pair["access"])
    assert refused(answer, "token_not_valid", "token_expired")
    assert answer.json()["detail"] == "Token is expired"
    assert client.refresh(pair["refresh"]).status_code == 200


def test_an_expired_refresh_token_is_worth_nothing(client, pair, later):
    later(days=8)
    for answer in (client.refresh(pair["refresh"]), client.blacklist(pair["refresh"])):
        assert refused(answer, "token_not_valid", "token_invalid")


def test_blacklisting_ends_the_session_at_once(client, pair):
    assert by_header(pair["access"]).status_code == 200
    assert client.blacklist(pair["refresh"]).json() == {}
    assert by_header(pair["access"]).status_code == 401
    assert Session.objects.get().revoke_reason == RevokeReason.LOGOUT


def test_an_older_refresh_token_logs_out_too(client, pair, later):
    newer = client.refresh(pair["refresh"]).json()
    later(minutes=1)
    assert client.blacklist(pair["refresh"]).status_code == 200
    assert client.refresh(newer["refresh"]).status_code == 401


def test_a_token_from_before_a_new_password_ends_nothing(client, pair):
    body = {"current_password": PASSWORD, "new_password": WRONG}
    bearer = f"Bearer {pair['access']}"
    newer = Api().post("/auth/change-password", body, Authorization=bearer).json()
    assert refused(client.blacklist(pair["refresh"]), "token_not_valid", "token_invalid")
    assert client.refresh(newer["refresh"]).status_code == 200


@pytest.mark.parametrize("transport", ["cookie", "hybrid"])
def test_a_session_of_cookies_never_gets_its_tokens_in_a_body(user, client, transport):
    browser = Api().login(transport=transport)
    refresh = browser.cookie("refresh")
    assert refused(client.refresh(refresh), "token_not_valid", "token_invalid")
    assert browser.refresh().status_code == 200
    assert client.blacklist(refresh).status_code == 200
    assert browser.refresh().status_code == 401


def test_a_browser_s_cookies_change_nothing_and_are_left_alone(make_user, user, client):
    browser = Api().login()
    make_user("eve@example.com")
    client.client.cookies.update(browser.client.cookies)
    client.client.handler.enforce_csrf_checks = True
    before = Session.objects.get(), DjangoSession.objects.get()
    answers = [client.obtain("eve@example.com", headers={"Origin": "https://evil.example"})]
    pair = answers[0].json()
    answers += [client.refresh(pair["refresh"]), client.verify(pair["access"])]
    answers += [client.post(LOGIN, {}), client.refresh(""), client.verify("garbage")]
    answers += [client.blacklist(answers[1].json()["refresh"])]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 400, 400, 401, 200]
    assert not [answer for answer in answers if answer.cookies]
    assert Session.objects.get(user=user).revoked_at is None
    assert before == (Session.objects.get(user=user), DjangoSession.objects.get())
    assert browser.get("/users/profile").json()["email"] == EMAIL


def test_dead_cookies_are_not_even_cleared(user, client):
    client.client.cookies["__Host-access"] = "garbage"
    client.client.cookies["__Secure-refresh"] = "garbage"
    assert not client.obtain().cookies


def test_an_authorization_header_changes_nothing(client, pair):
    for header in ("Bearer garbage", "Basic YWRhOmFkYQ==", f"Bearer {pair['access']}"):
        assert client.obtain(headers={"Authorization": header}).status_code == 200


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ("x", "multipart/form-data", 400),
        ("x", "multipart/form-data; boundary=y", 400),
        (b"\xff\xfe", "application/x-www-form-urlencoded", 400),
        (b"\xff\xfe", "application/json", 400),
        ('{"email": "a", "email": "b", "password": "c"}', "application/json", 400),
        ('{"email": "\\u0000", "password": "c"}', "application/json", 400),
        ('{"email": "\\ud800", "password": "\\ud800"}', "application/json", 400),
        ("[" * 5000, "application/json", 400),
        ("null", "application/json", 400),
        ("5", "application/json", 400),
        ('"email"', "application/json", 400),
        ('["username"]', "application/json", 400),
        ("<a/>", "text/xml", 415),
    ],
)
def test_garbage_is_refused_in_both_shapes(user, client, body, content_type, status):
    answer = client.post(LOGIN, body, content_type)
    assert answer.status_code == status, answer.content
    assert answer.json()["type"] in {"validation_error", "client_error"}
    assert set(answer.json()) > {"type", "errors"}
    assert not Session.objects.exists()


MANY = "&".join(f"f{n}=1" for n in range(1001))
FILE = '--y\r\nContent-Disposition: form-data; name="f{n}"; filename="f"\r\n\r\nx\r\n'
FILES = "".join(FILE.format(n=n) for n in range(101)) + "--y--\r\n"
LARGE = '--y\r\nContent-Disposition: form-data; name="f"\r\n\r\n' + "x" * 20_000 + "\r\n--y--\r\n"
PARTS = "multipart/form-data; boundary=y"


@pytest.mark.usefixtures("both_shapes")
@pytest.mark.parametrize("path", ["/api/token/", "/api/parcels"])
@pytest.mark.parametrize(
    ("form", "told"),
    [
        ((MANY, FORM), (400, "parse_error", "TooManyFieldsSent")),
        ((FILES, PARTS), (400, "parse_error", "TooManyFilesSent")),
        ((LARGE, PARTS), (413, "body_too_large", "RequestDataTooBig")),
    ],
    ids=["fields", "files", "size"],
)
def test_django_s_limits_are_refused_and_logged_as_django_does(settings, caplog, path, form, told):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000
    status, code, logged = told
    with caplog.at_level(logging.ERROR, "django.security"):
        answer = TokenClient().client.post(path, *form, secure=True)
    assert (answer.status_code, answer.json()["code"], codes(answer)) == (status, code, [code])
    [line] = [record for record in caplog.records if record.name.startswith("django.")]
    assert (line.name, line.levelname) == (f"django.security.{logged}", "ERROR")
    assert isinstance(line.request, HttpRequest)
    assert line.status_code == status


@pytest.mark.usefixtures("both_shapes", "user")
def test_no_report_parses_a_refused_form_again():
    """Here the CSRF check has read it, before any parser of DRF's."""
    browser = Api().login()
    headers = {"Origin": "https://portcullis.test"}
    answer = browser.client.post(
        "/api/parcels", MANY, content_type=FORM, secure=True, headers=headers
    )
    assert (answer.status_code, codes(answer)) == (400, ["parse_error"])
    assert not answer.wsgi_request.POST


@pytest.mark.usefixtures("both_shapes")
def test_what_else_is_suspicious_stays_with_the_project_s_handler(client):
    answer = client.client.post("/api/suspect", {}, content_type=JSON, secure=True)
    assert (answer.status_code, answer.json()["type"]) == (500, "server_error")
    assert "passwd" not in answer.content.decode()


@pytest.mark.usefixtures("both_shapes")
def test_a_project_s_errors_are_by_field_but_for_fields_that_are_called_as_our_members(client):
    def refused(parcels: Any) -> dict[str, Any]:
        answer = client.client.post("/api/parcels", parcels, content_type=JSON, secure=True)
        assert answer.status_code == 400
        return answer.json()

    missing = ["This field is required."]
    one = refused({})
    assert (one["type"], one["weight"]) == ("validation_error", missing)
    assert [error["attr"] for error in one["errors"]] == ["type", "errors", "weight"]
    right, wrong = {"type": "a", "errors": "b", "weight": 1}, {"type": "a", "errors": "b"}
    assert refused([right, wrong])["1"] == {"weight": missing}
    assert refused({**right, "weight": 50})["non_field_errors"] == ["Too heavy."]


def test_another_scheme_wants_its_class_before_ours(user, client, pair):
    def hello(path: str, header: str | None):
        headers = {"Authorization": header} if header else {}
        return client.client.get(f"/api/hello/{path}", secure=True, headers=headers)

    for header in (f"Token {KEY}", f"Bearer {pair['access']}"):
        assert hello("either", header).json() == {"hello": EMAIL}
    for header in ("Token wrong", "Bearer garbage", "Basic YWRhOmFkYQ==", None):
        assert hello("either", header).status_code == 401
    assert hello("either", None).headers["WWW-Authenticate"] == "Token"
    refused = hello("ours-first", f"Token {KEY}")
    assert (refused.status_code, codes(refused)) == (401, ["token_invalid"])


def test_another_scheme_and_cookies_together_are_judged_by_the_header(user):
    browser = Api().login()
    assert browser.get("/hello/either").json() == {"hello": EMAIL}
    assert browser.get("/hello/either", Authorization="Token wrong").status_code == 401


def test_a_form_s_password_stays_out_of_error_reports(user, client):
    form = {"email": EMAIL, "password": PASSWORD}
    request = client.client.post("/api/token/", form, secure=True).wsgi_request
    shown = SecretsFilter().get_post_parameters(request)
    assert shown.keys() == form.keys()
    assert PASSWORD not in str(shown)


def test_answers_stay_out_of_caches(client, pair):
    for answer in (client.obtain(), client.refresh(pair["refresh"]), client.obtain("x")):
        assert answer.headers["Cache-Control"] == "no-store"
