"""Log out by page, or by whatever calls Django's own logout."""

import pytest
from django.contrib import auth
from django.contrib.sessions.models import Session as DjangoSession
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from tests.doors import ORIGIN, Api, Pages, shown
from tokens.models import Session

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def somebody_elses_logout(request: HttpRequest) -> HttpResponse:
    auth.logout(request)
    return HttpResponse("bye")


urlpatterns = [path("bye", somebody_elses_logout), path("", include("config.urls"))]


def test_the_button_ends_row_tokens_and_django_session(ada):
    access = ada.client.cookies["__Host-access"].value

    response = ada.log_out()

    assert response["Location"] == "/accounts/login/"
    for name in ("__Host-access", "__Secure-refresh", "__Host-sessionid"):
        assert response.cookies[name]["max-age"] == 0
    assert Session.objects.get().revoke_reason == "logout"
    assert not DjangoSession.objects.exists()
    assert not ada.signed_in
    api = Api()
    api.access = access
    assert api.get("/users/profile").status_code == 401
    assert "You are logged out." in shown(ada.visit("/accounts/login/"))
    assert "You are logged out." not in shown(ada.visit("/accounts/login/"))


def test_a_visit_logs_nobody_out(ada):
    response = ada.visit("/accounts/logout/")

    assert (response.status_code, response["Allow"]) == (405, "POST, OPTIONS")
    assert ada.signed_in


def test_a_foreign_page_logs_nobody_out(ada):
    for headers in ({"Origin": ORIGIN}, {"Origin": "https://evil.example"}):
        assert ada.client.post("/accounts/logout/", secure=True, headers=headers).status_code == 403
    assert ada.signed_in


def test_djangos_own_logout_ends_the_row_too(ada):
    access = ada.client.cookies["__Host-access"].value

    assert ada.visit("/bye").content == b"bye"

    assert Session.objects.get().revoke_reason == "logout"
    api = Api()
    api.access = access
    assert api.get("/users/profile").status_code == 401


def test_without_a_django_session_the_access_cookie_says_what_to_end(ada):
    del ada.client.cookies["__Host-sessionid"]

    response = ada.send("/accounts/password/reset/", to="/accounts/logout/")

    assert response.cookies["__Host-access"]["max-age"] == 0
    assert Session.objects.get().revoke_reason == "logout"


def test_who_is_not_logged_in_is_led_to_the_login_page(db):
    response = Pages().send("/accounts/login/", to="/accounts/logout/")

    assert response["Location"] == "/accounts/login/"


def test_a_logout_by_the_api_logs_the_pages_out(ada):
    api = Api()
    api.client = ada.client

    assert api.logout().status_code == 204

    assert not ada.signed_in
