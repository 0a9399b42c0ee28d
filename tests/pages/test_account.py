"""What somebody who is logged in does on pages: profile, password, sessions."""

import uuid

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY

from tests.doors import PASSWORD, Api, Pages, shown
from tokens.errors import TokenInvalid
from tokens.models import Session

pytestmark = pytest.mark.django_db

PROFILE, CHANGE, SESSIONS = (
    "/accounts/profile/",
    "/accounts/password/change/",
    "/accounts/sessions/",
)
NEW = "Difference-Engine-1822"
PROVE = "/accounts/reauthenticate/"


@pytest.mark.parametrize("path", [PROFILE, CHANGE, SESSIONS])
def test_a_visitor_is_led_to_the_login_page_and_back(user, pages, path):
    assert pages.visit(path)["Location"] == f"/accounts/login/?next={path}"

    response = pages.send(
        f"/accounts/login/?next={path}", {"email": user.email, "password": PASSWORD}
    )

    assert response["Location"] == path
    assert pages.visit(path).status_code == 200


@pytest.mark.parametrize("path", [PROFILE, CHANGE, SESSIONS])
def test_a_form_that_was_open_when_the_session_ended_changes_nothing(ada, user, path):
    page = ada.visit(path)
    assert page.status_code == 200
    Session.objects.update(revoked_at="2026-01-01T00:00Z")

    response = ada.send("/accounts/login/", {"name": "Eve", "session": uuid.uuid4()}, to=path)

    assert response["Location"] == f"/accounts/login/?next={path}"
    user.refresh_from_db()
    assert user.name == "Ada"


def test_a_name_is_changed(ada, user):
    assert ada.send(PROFILE, {"name": "  Ada Lovelace "})["Location"] == PROFILE

    page = shown(ada.visit(PROFILE))
    assert "Your profile is saved." in page
    user.refresh_from_db()
    assert user.name == "Ada Lovelace"


def test_a_name_that_is_markup_stays_text(ada):
    ada.send(PROFILE, {"name": "<script>alert(1)</script>"})

    for path in (PROFILE, "/"):
        assert b"<script>alert" not in ada.visit(path).content


def test_a_changed_password_keeps_this_browser_and_ends_the_others(ada, user):
    other, elsewhere = Pages(), Api().login(transport="bearer")
    other.log_in()
    old_key, old_access = (
        ada.client.cookies[name].value for name in ("__Host-sessionid", "__Host-access")
    )

    response = ada.send(CHANGE, {"current_password": PASSWORD, "new_password": NEW})

    assert response["Location"] == PROFILE
    assert "Your password is changed." in shown(ada.visit(PROFILE))
    assert ada.client.cookies["__Host-sessionid"].value != old_key
    same_browser, thief = Api(), Api()
    same_browser.client = ada.client
    assert same_browser.get("/users/profile").status_code == 200
    assert same_browser.fetch_csrf().refresh().status_code == 200
    thief.access = old_access
    assert thief.get("/users/profile").status_code == 401
    assert not other.signed_in
    assert elsewhere.get("/users/profile").status_code == 401


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"current_password": "wrong", "new_password": NEW}, "That is not your current password."),
        ({"current_password": PASSWORD, "new_password": PASSWORD}, "This is the current one."),
        ({"current_password": PASSWORD, "new_password": "short"}, "At least 8 characters"),
        ({"current_password": "", "new_password": NEW}, "Enter your password."),
    ],
)
def test_a_password_that_cannot_be_changed_says_why(ada, typed, said):
    response = ada.send(CHANGE, typed)

    assert response.status_code == 200
    assert said in shown(response)
    assert NEW not in response.content.decode()
    assert Pages().log_in().status_code == 302


def test_a_session_that_ends_while_its_password_is_changed_is_led_to_the_login(ada, monkeypatch):
    def too_late(*args: object, **kwargs: object) -> None:
        raise TokenInvalid("the session ended meanwhile")

    monkeypatch.setattr("accounts.flows.password.renew", too_late)

    response = ada.send(CHANGE, {"current_password": PASSWORD, "new_password": NEW})

    assert response["Location"] == f"/accounts/login/?next={CHANGE}"
    assert Pages().log_in().status_code == 302


def test_somebody_sees_their_sessions_and_ends_another(ada, user):
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    other = Api(**{"User-Agent": firefox}).login(transport="bearer")
    assert "Firefox on Linux" in shown(ada.visit(SESSIONS))

    response = ada.send(SESSIONS, {"session": other.sid, "do": "end"})

    assert response["Location"] == SESSIONS
    assert other.get("/users/profile").status_code == 401
    assert Session.objects.get(pk=other.sid).revoke_reason == "ended"
    page = shown(ada.visit(SESSIONS))
    assert "That session is ended." in page
    assert "Firefox" not in page


def test_ending_this_session_logs_out(ada):
    response = ada.send(SESSIONS, {"session": Session.objects.get().pk, "do": "end"})

    assert response.cookies["__Host-access"]["max-age"] == 0
    assert not ada.signed_in


def test_ending_all_others_keeps_this_one(ada, user):
    others = [Api().login(transport=each) for each in ("bearer", "cookie")]
    assert "End all other sessions" in shown(ada.visit(SESSIONS))

    response = ada.send(SESSIONS, {"do": "end_others"})

    assert response["Location"] == SESSIONS
    assert [other.get("/users/profile").status_code for other in others] == [401, 401]
    page = shown(ada.visit(SESSIONS))
    assert "All other sessions are ended." in page
    assert "End all other sessions" not in page


def test_ending_all_others_asks_for_a_recent_proof_and_leads_back(ada, user, later):
    other = Api().login(transport="bearer")
    later(minutes=11)

    response = ada.send(SESSIONS, {"do": "end_others"})

    assert response["Location"] == f"{PROVE}?next={SESSIONS}"
    assert other.refresh().status_code == 200
    wrong = ada.send(response["Location"], {"password": "Wrong-Password-1"})
    assert wrong.status_code == 200
    assert "That is not your current password." in shown(wrong)
    assert ada.send(response["Location"], {"password": PASSWORD})["Location"] == SESSIONS
    assert ada.send(SESSIONS, {"do": "end_others"})["Location"] == SESSIONS
    assert other.refresh().status_code == 401


def test_the_proof_leads_to_no_foreign_site(ada):
    evil = f"{PROVE}?next=https://evil.example/"
    assert ada.send(evil, {"password": PASSWORD})["Location"] == "/accounts/profile/"


def test_a_stranger_has_nothing_to_prove(pages):
    assert pages.visit(PROVE)["Location"] == f"/accounts/login/?next={PROVE}"


def test_a_session_that_was_not_mine_ends_and_leads_to_a_new_password(ada, user):
    thief = Api().login(transport="bearer")

    response = ada.send(SESSIONS, {"session": thief.sid, "do": "not_me"})

    assert response["Location"] == CHANGE
    assert "may know your password" in shown(ada.visit(CHANGE))
    assert thief.get("/users/profile").status_code == 401
    assert Session.objects.get(pk=thief.sid).revoke_reason == "disowned"


@pytest.mark.parametrize("garbage", ["", "x", "00000000-0000-4000-8000-000000000000", "' OR 1=1"])
def test_a_session_that_is_none_cannot_be_ended(ada, garbage):
    assert ada.send(SESSIONS, {"session": garbage, "do": "end"}).status_code == 404
    assert ada.signed_in


@pytest.mark.parametrize("do", ["", "x", "end_all"])
def test_a_deed_that_is_none_is_not_done(ada, do):
    assert ada.send(SESSIONS, {"session": Session.objects.get().pk, "do": do}).status_code == 404
    assert ada.signed_in


def test_nobody_sees_or_ends_anothers_sessions(ada, make_user):
    make_user("bob@example.com")
    bob = Api().login("bob@example.com", transport="bearer")

    assert bob.sid not in ada.visit(SESSIONS).content.decode()
    assert ada.send(SESSIONS, {"session": bob.sid, "do": "end"}).status_code == 404
    assert bob.get("/users/profile").status_code == 200


def test_a_user_agent_that_is_markup_stays_text(ada, user):
    Api(**{"User-Agent": "<img src=x onerror=alert(1)>"}).login(transport="bearer")

    assert b"<img" not in ada.visit(SESSIONS).content


def test_a_browser_that_logged_in_by_djangos_backend_stays_logged_in(ada):
    """Its Django session names a backend that is not in the settings any more."""
    session = ada.client.session
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session.save()
    assert ada.visit(PROFILE).status_code == 200
    changed = ada.send(CHANGE, {"current_password": PASSWORD, "new_password": NEW})
    assert changed.status_code == 302
    assert ada.visit(PROFILE).status_code == 200
