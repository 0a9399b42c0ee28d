"""Log in by page: one row, one Django session, the token cookies; and who does not get in."""

from urllib.parse import urlencode

import pytest
from django.contrib.sessions.models import Session as DjangoSession
from django.urls import reverse

from tests.doors import ORIGIN, PASSWORD, Api, Form, Pages, shown
from tokens.models import Session

pytestmark = pytest.mark.django_db

LOGIN, PROFILE = "/accounts/login/", "/accounts/profile/"
RIDDLE = "tests.accounts.test_login_stages.Riddle"
RESTRICTING = "tests.accounts.test_login_stages.CompromisedPassword"
VERIFIED = "accounts.stages.VerifiedEmail"


def same_browser(pages: Pages) -> Api:
    """JavaScript of the same origin in the same browser."""
    api = Api()
    api.client = pages.client
    return api


def test_a_login_is_one_row_one_django_session_and_both_token_cookies(user, pages):
    response = pages.log_in()

    assert (response.status_code, response["Location"]) == (302, PROFILE)
    session = Session.objects.get()
    assert (session.user_id, session.transport, session.auth_methods) == (
        user.pk,
        "cookie",
        ["pwd"],
    )
    assert DjangoSession.objects.count() == 1
    assert pages.signed_in
    answer = same_browser(pages).get("/auth/sessions").json()["results"]
    assert [(each["id"], each["current"]) for each in answer] == [(str(session.pk), True)]


def test_the_cookies_of_a_page_login_are_those_of_the_api(user, pages):
    by_page, by_api = pages.log_in().cookies, Api().fetch_csrf()
    by_api = by_api.post("/auth/login", {"email": user.email, "password": PASSWORD}).cookies

    named = {"__Host-access", "__Secure-refresh", "__Host-sessionid"}
    assert named <= by_page.keys()
    for name in named:
        mine, theirs = (
            {k: v for k, v in c[name].items() if k != "expires"} for c in (by_page, by_api)
        )
        assert mine == theirs


def test_remember_me_keeps_the_login_beyond_the_browser(user, pages):
    cookies = pages.log_in(remember_me="on").cookies

    assert int(cookies["__Secure-refresh"]["max-age"]) > 29 * 86400
    assert int(cookies["__Host-sessionid"]["max-age"]) > 89 * 86400


def test_without_remember_me_the_browser_forgets(user, pages):
    cookies = pages.log_in().cookies

    assert cookies["__Secure-refresh"]["max-age"] == cookies["__Host-sessionid"]["max-age"] == ""


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ada@example.com", "Difference-Engine-1822"),
        ("nobody@example.com", PASSWORD),
        ("unconfirmed@example.com", PASSWORD),
        ("gone@example.com", PASSWORD),
    ],
)
def test_nobody_gets_in_otherwise_and_all_read_the_same(make_user, pages, email, password):
    make_user()
    make_user("unconfirmed@example.com", email_verified_at=None)
    make_user("gone@example.com", is_active=False)

    response = pages.log_in(email, password)

    assert response.status_code == 200
    assert "That address and password do not match." in shown(response)
    assert password not in response.content.decode()
    assert not Session.objects.exists()
    assert "__Host-sessionid" not in response.cookies
    assert "__Host-access" not in response.cookies


def test_what_is_missing_is_said_beside_its_field(pages):
    page = pages.log_in("", "").content.decode()

    for field, message in (
        ("email", "Enter your email address."),
        ("password", "Enter your password."),
    ):
        assert f'id="id_{field}_error"' in page
        assert message in page
    assert 'aria-describedby="id_email_error"' in page
    assert page.count("autofocus") == 1
    assert "<title>Error: " in page


@pytest.mark.parametrize("path", ["/accounts/sessions/", "/accounts/profile/?a=1&b=%2F", "/admin/"])
def test_a_login_goes_on_to_the_page_that_asked_for_it(user, pages, path):
    response = pages.send(f"{LOGIN}?{_query(next=path)}", _credentials())

    assert response["Location"] == path


@pytest.mark.parametrize(
    "evil",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        "evil.example",
        " //evil.example",
        "https://portcullis.test@evil.example/",
        "/" + "a" * 3000,
    ],
)
def test_no_login_leads_off_the_site(user, pages, evil):
    by_link = pages.send(f"{LOGIN}?{_query(next=evil)}", _credentials())
    assert by_link["Location"] == PROFILE

    by_form = pages.send(LOGIN, {**_credentials(), "next": evil})
    assert by_form["Location"] == PROFILE


def test_another_login_in_the_same_browser_ends_the_former(ada, make_user):
    make_user("bob@example.com")
    former = Session.objects.get()

    ada.log_in("bob@example.com")

    former.refresh_from_db()
    assert former.revoke_reason == "replaced"
    assert "bob@example.com" in shown(ada.visit(PROFILE))
    assert DjangoSession.objects.count() == 1


def test_who_is_logged_in_is_told_so_instead_of_sent_around(ada):
    response = ada.visit(f"{LOGIN}?next=/admin/")

    assert response.status_code == 200
    assert "You are logged in as ada@example.com" in shown(response)
    assert 'href="/admin/"' in response.content.decode()


@pytest.mark.parametrize("path", [LOGIN, "/accounts/register/", "/accounts/password/reset/"])
def test_no_form_is_taken_from_elsewhere(user, pages, path):
    pages.visit(path)

    for headers in ({}, {"Origin": ORIGIN}, {"Origin": "https://evil.example"}):
        response = pages.client.post(path, _credentials(), secure=True, headers=headers)
        assert response.status_code == 403
        assert "The form has expired" in shown(response)
    assert not Session.objects.exists()


def test_a_restricted_session_is_led_to_its_one_step(user, pages, settings):
    settings.ACCOUNTS = {**settings.ACCOUNTS, "LOGIN_STAGES": (VERIFIED, RESTRICTING)}

    response = pages.log_in()

    step = reverse("accounts:password-change")
    assert response["Location"] == step
    assert (
        pages.visit(PROFILE)["Location"] == pages.visit("/accounts/sessions/")["Location"] == step
    )
    assert "ada@example.com" not in shown(pages.visit("/"))

    new = {"current_password": PASSWORD, "new_password": "Difference-Engine-1822"}
    assert pages.send(step, new)["Location"] == PROFILE
    assert pages.signed_in


def test_a_stage_asks_for_its_proof_and_the_login_goes_on(user, pages, settings):
    settings.ACCOUNTS = {**settings.ACCOUNTS, "LOGIN_STAGES": (VERIFIED, RIDDLE)}
    asked = pages.send(f"{LOGIN}?next=/accounts/sessions/", _credentials())
    assert asked.status_code == 200
    assert "no-store" in asked["Cache-Control"]
    assert not pages.signed_in

    wrong = _answer(pages, asked, "41")
    assert "That code is not right." in shown(wrong)
    right = _answer(pages, wrong, "42")

    assert right["Location"] == "/accounts/sessions/"
    assert Session.objects.get().auth_methods == ["pwd", "riddle"]
    spent = {**Form(asked.content.decode()).hidden, "method": "riddle", "code": "42"}
    del spent["csrfmiddlewaretoken"]
    again = Pages().send(LOGIN, spent, to="/accounts/mfa/challenge/")
    assert "This login has expired" in shown(again)


@pytest.mark.parametrize("transport", ["bearer", "hybrid"])
def test_a_ticket_of_another_transport_becomes_a_whole_page_login(
    ada, make_user, settings, transport
):
    """Else two people would share one browser: one on its pages, one in its token cookies."""
    make_user("bob@example.com")
    settings.ACCOUNTS = {**settings.ACCOUNTS, "LOGIN_STAGES": (VERIFIED, RIDDLE)}
    ticket = Api().try_login("bob@example.com", transport=transport).json()["mfa_token"]

    proof = {"ticket": ticket, "methods": "riddle", "method": "riddle", "code": "42"}
    ada.send("/accounts/password/reset/", proof, to="/accounts/mfa/challenge/")

    session = Session.objects.open().get()
    assert (session.user.email, session.transport) == ("bob@example.com", "cookie")
    assert "bob@example.com" in shown(ada.visit(PROFILE))
    assert same_browser(ada).get("/users/profile").json()["email"] == "bob@example.com"


def test_the_former_login_ends_also_where_only_its_access_cookie_is_left(ada, make_user):
    make_user("bob@example.com")
    del ada.client.cookies["__Host-sessionid"]

    ada.log_in("bob@example.com")

    assert Session.objects.get(user__email="ada@example.com").revoke_reason == "replaced"


def test_a_ticket_that_nobody_gave_opens_nothing(pages):
    assert pages.visit("/accounts/mfa/challenge/")["Location"] == LOGIN

    made_up = {"ticket": "x" * 43, "methods": "riddle", "method": "riddle", "code": "42"}
    response = pages.send(LOGIN, made_up, to="/accounts/mfa/challenge/")

    assert "This login has expired" in shown(response)
    assert not Session.objects.exists()


def _answer(pages: Pages, page, code: str):
    body = {**Form(page.content.decode()).hidden, "method": "riddle", "code": code}
    return pages.client.post(
        "/accounts/mfa/challenge/", body, secure=True, headers={"Origin": ORIGIN}
    )


def _credentials() -> dict[str, str]:
    return {"email": "ada@example.com", "password": PASSWORD}


def _query(**parameters: str) -> str:
    return urlencode(parameters)
