"""A client that was written for SimpleJWT, against SimpleJWT's own views and against ours."""

import json
import subprocess
import sys

import pytest
from django.contrib.sessions.models import Session as DjangoSession
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import include, path, reverse
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import PendingLogin
from accounts.signals import logged_in, login_failed
from portcullis.reports import SecretsFilter
from tests.accounts.outside import outside
from tests.accounts.simplejwt_client import EMAIL, INACTIVE, LOGIN, TokenClient, story
from tests.doors import PASSWORD, Api, codes
from tests.package.readme import PROJECT
from tests.tokens import forge
from tests.tokens.carrying import by_header
from tokens.authentication import TokenAuthentication
from tokens.models import RevokeReason, Session, Transport
from tokens.signals import reuse_detected

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

WRONG = "Difference-Engine-1822"
CHALLENGE = 'Bearer realm="api"'
VERIFIED = "accounts.stages.VerifiedEmail"
STAGES = "tests.accounts.test_login_stages"
NOT_OURS = {"messages"}  # which of its token classes refused a token, and why


class Hello(APIView):
    authentication_classes = (TokenAuthentication,)
    schema = None

    def get(self, request):
        return Response({"hello": str(request.user)})


urlpatterns = [
    path("api/hello", Hello.as_view()),
    path("api/", include("accounts.compat.urls")),
    path("", include("config.urls")),
]


@pytest.fixture(scope="module")
def theirs() -> dict[str, dict]:
    """What SimpleJWT answers to the story."""
    command = [sys.executable, "-m", "tests.accounts.simplejwt_server"]
    told = subprocess.run(
        command, cwd=PROJECT, capture_output=True, check=True, text=True, timeout=60
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


@pytest.mark.parametrize("login_field", ["email", "username"])
def test_the_story_goes_as_with_simplejwt(theirs, make_user, settings, login_field):
    settings.REST_FRAMEWORK = {
        **settings.REST_FRAMEWORK,
        "EXCEPTION_HANDLER": "accounts.compat.problems.handle",
    }
    make_user(EMAIL)
    make_user(INACTIVE, is_active=False)
    ours = story(TokenClient(login_field))
    assert ours.keys() == theirs.keys()
    for step, told in theirs.items():
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
        ("&".join(f"f{n}=1" for n in range(1001)), "application/x-www-form-urlencoded", 400),
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


def test_a_form_s_password_stays_out_of_error_reports(user, client):
    form = {"email": EMAIL, "password": PASSWORD}
    request = client.client.post("/api/token/", form, secure=True).wsgi_request
    shown = SecretsFilter().get_post_parameters(request)
    assert shown.keys() == form.keys()
    assert PASSWORD not in str(shown)


def test_answers_stay_out_of_caches(client, pair):
    for answer in (client.obtain(), client.refresh(pair["refresh"]), client.obtain("x")):
        assert answer.headers["Cache-Control"] == "no-store"
