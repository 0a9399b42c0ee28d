"""The way into the admin leads through the login page, and nowhere else."""

import pytest
from django.apps import apps
from django.contrib.admin.sites import AdminSite as DjangosAdminSite
from django.contrib.sessions.models import Session as DjangoSession
from django.core.checks import Tags, run_checks
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.admin.desk import LINKS, SESSIONS, USERS, Desk, page_of
from tests.doors import PASSWORD, Api
from tokens.keyring import ring
from tokens.models import Restriction, RevokeReason, Session

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/login/"
PAGES = [
    "/admin/",
    "/admin/accounts/",
    "/admin/accounts/user/",
    "/admin/accounts/user/add/",
    "/admin/tokens/session/",
    "/admin/accounts/onetimetoken/",
    "/admin/auth/group/",
    "/admin/rbac/role/",
    "/admin/rbac/role/1/permissions/",
    "/admin/rbac/role/explain/",
    "/admin/rbac/roleassignment/",
    "/admin/waffle/switch/",
    "/admin/django_tasks_database/dbtaskresult/",
    "/admin/jsi18n/",
    "/admin/password_change/",
]


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_is_led_to_the_login_page_and_on_from_there(path):
    response, hops = Desk().follow(path)
    assert hops == [f"/admin/login/?next={path}", f"{LOGIN}?next={path}"]
    assert response.status_code == 200


@pytest.mark.parametrize("path", [*PAGES, "/admin/login/"])
def test_somebody_who_is_no_staff_is_told_so_and_not_sent_in_circles(user, path):
    response, hops = Desk.of(user).follow(path)
    assert response.status_code == 403
    assert len(hops) <= 1


@pytest.mark.parametrize("path", ["/admin/", "/admin/login/"])
def test_staff_without_permissions_see_an_empty_index(make_staff, path):
    response, _ = Desk.of(make_staff()).follow(path)
    assert response.status_code == 200
    assert b"permission to view or edit anything" in response.content


@pytest.mark.parametrize("path", ["accounts/user/", "tokens/session/", "accounts/onetimetoken/"])
def test_staff_without_the_permission_are_refused(make_staff, path):
    assert Desk.of(make_staff("auth.view_group")).get(f"/admin/{path}").status_code == 403


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        ("/admin/auth/group/", "/admin/auth/group/"),
        ("https://portcullis.test/admin/auth/", "/admin/"),
        ("//evil.test/", "/admin/"),
        ("https://evil.test/", "/admin/"),
        ("javascript:alert(1)", "/admin/"),
        ("http://portcullis.test/", "/admin/"),
        ("", "/admin/"),
    ],
)
def test_nobody_is_led_elsewhere(desk, wanted, led_to):
    assert desk.get("/admin/login/", next=wanted).url == led_to
    led = Desk().get("/admin/login/", next=wanted).url
    assert led == f"{LOGIN}?next={led_to}"


def test_the_admins_own_login_form_is_gone(root):
    stranger = Desk()
    form = {"username": root.email, "password": PASSWORD, "next": "/admin/"}
    response = stranger.post("/admin/login/", form)
    assert (response.status_code, response.url) == (302, f"{LOGIN}?next=/admin/")
    assert not DjangoSession.objects.exists()
    assert not Session.objects.exists()
    assert stranger.get("/admin/").status_code == 302


@pytest.mark.parametrize("transport", ["bearer", "hybrid"])
def test_tokens_of_a_client_without_pages_do_not_open_the_admin(root, transport):
    api = Api().login(root.email, transport=transport)
    assert api.get("//admin/").status_code == 302


def test_a_session_restricted_to_one_step_does_not_open_the_admin(desk):
    Session.objects.update(restriction=Restriction.ENROL_MFA)
    assert desk.get("/admin/").status_code == 302


def test_logging_out_ends_the_row_and_clears_every_cookie(desk):
    response = desk.post("/admin/logout/")
    assert (response.status_code, response.url) == (302, LOGIN)
    assert Session.objects.get().revoke_reason == RevokeReason.LOGOUT
    for cookie in ("access", "refresh", "sessionid"):
        assert desk.api.cookie(cookie) is None
    assert desk.get("/admin/").status_code == 302


def test_logging_out_takes_a_button(desk):
    assert desk.get("/admin/logout/").status_code == 405
    foreign = desk.post("/admin/logout/", {"csrfmiddlewaretoken": "x" * 64})
    assert foreign.status_code == 403
    assert desk.get("/admin/").status_code == 200


@pytest.mark.parametrize("path", ["/admin/password_change/", "/admin/password_change/done/"])
def test_changing_ones_password_leads_to_the_page_for_it(desk, path):
    assert desk.get(path).url == "/accounts/password/change/"


def test_answers_are_in_no_cache(desk):
    assert "no-store" in desk.get("/admin/").headers["Cache-Control"]
    assert "no-store" in Desk().get("/admin/login/").headers["Cache-Control"]


# Django alone asks for its session, the user, the index's log and, once a process, content types.
COSTS = {"/admin/": 3, "/admin/password_change/": 2, "/admin/accounts/user/add/": 2}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", COSTS)
def test_a_page_costs_what_it_costs_in_plain_django(desk, path):
    desk.get(path)
    ring.forget()
    with CaptureQueriesContext(connection) as captured:
        desk.get(path)
    assert len(captured) == COSTS[path]


def test_nothing_else_is_registered():
    from django.contrib import admin

    registered = {model._meta.label_lower for model in admin.site._registry}
    assert registered == {
        "auth.group",
        "accounts.user",
        "accounts.onetimetoken",
        "accounts.invitation",
        "tokens.session",
        "tokens.signingkey",
        "rbac.role",
        "rbac.roleassignment",
        "django_tasks_database.dbtaskresult",
        "waffle.switch",
    }


@pytest.mark.parametrize("what", [USERS, SESSIONS, LINKS])
def test_nothing_is_deleted_here(desk, user, mailbox, what):
    Api().post("/auth/forgot-password", {"email": user.email})
    mailbox.read()
    model = {USERS: type(user), SESSIONS: Session}.get(what) or apps.get_model(
        "accounts.onetimetoken"
    )
    row, before = model.objects.first(), model.objects.count()
    delete = page_of(row, what).replace("/change/", "/delete/")
    assert desk.get(delete).status_code == 403
    assert desk.post(delete, {"post": "yes"}).status_code == 403
    desk.choose("delete_selected", row, what=what, post="yes")
    assert model.objects.count() == before


def problems() -> list[str]:
    return [message.id for message in run_checks(tags=[Tags.admin])]


def test_our_own_settings_pass_the_checks():
    assert problems() == []


def test_an_admin_of_djangos_own_is_reported_for_its_login_form():
    backoffice = DjangosAdminSite(name="backoffice")
    assert problems() == ["accounts.E003"]
    del backoffice


def test_an_admin_that_wins_over_our_templates_is_reported(monkeypatch):
    configs = sorted(apps.get_app_configs(), key=lambda app: app.label != "admin")
    monkeypatch.setattr(apps, "get_app_configs", lambda: configs)
    assert "accounts.W003" in problems()
