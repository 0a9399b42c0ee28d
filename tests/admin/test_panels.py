"""What the page of a user shows beside the account: their live sessions, their roles, and whatever
else a project enters in `ADMIN_PANELS`."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.admin.panels import SHOWN, Panel
from tests.admin.conftest import allow, give, make_role
from tests.admin.desk import SESSIONS, Desk, buttons, page_of, said
from tests.doors import Api, shown
from tokens.models import Restriction, RevokeReason, Session

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
LINK = "Prove that it is you to change this"
EMPTY = "accounts/admin/sessions_panel.html"


def log_in(user, times: int = 1) -> None:
    """So often, past the limit of sessions too: the rows are what pages are about."""
    opened = Api(**{"User-Agent": FIREFOX}).login(user.email, transport="bearer")
    session = Session.objects.get(pk=opened.sid)
    for _ in range(times - 1):
        session.pk = None
        session._state.adding = True
        session.save()


def headings(response) -> list[str]:
    return re.findall(r'<h2 id="panel-\d+">(.*?)</h2>', response.content.decode())


def names(response) -> list[str]:
    """What the buttons of the panels are called by who hears them."""
    return re.findall(r'<button[^>]* aria-label="([^"]*)"', response.content.decode())


def test_the_page_shows_where_somebody_is_signed_in(desk, user):
    log_in(user)
    Session.objects.filter(user=user).update(restriction=Restriction.CHANGE_PASSWORD)
    page = desk.open(user)
    assert headings(page) == ["Sessions", "Roles"]
    session = Session.objects.get(user=user)
    used = f"{session.last_used_at:%Y-%m-%d %H:%M}"
    assert f"Firefox on Linux 127.0.0.1 {used} bearer Change the password" in shown(page)
    assert page_of(session, SESSIONS) in page.content.decode()


def test_a_session_is_ended_where_it_is_shown(desk, user):
    door = Api().login(transport="bearer")
    session = Session.objects.get(pk=door.sid)
    here = page_of(user)
    response = desk.choose("end_session", session, what=SESSIONS, back=here)
    assert response.url == here
    page = desk.get(here)
    assert said(page) == ["1 session: Ended."]
    assert "None is live." in shown(page)
    session.refresh_from_db()
    assert session.revoke_reason == RevokeReason.STAFF
    assert door.get("/users/profile").status_code == 401


def test_buttons_are_told_apart_by_ear(desk, user, later):
    for _ in range(3):
        log_in(user)
        later(seconds=2)
    found = names(desk.open(user))
    assert len(set(found)) == 3
    assert all(name.startswith("End session: Firefox on Linux, ") for name in found)


def test_the_session_that_looks_is_marked(desk, root, user):
    log_in(root)
    assert shown(desk.open(root)).count("(yours, now)") == 1
    assert "(yours, now)" not in shown(desk.open(user))


def test_ended_sessions_are_not_shown(desk, user):
    Api().login(transport="bearer").logout()
    assert "None is live." in shown(desk.open(user))


def test_ten_are_shown_and_the_rest_linked_to(desk, user):
    log_in(user, times=SHOWN + 3)
    page = desk.open(user)
    assert buttons(page).count("end_session") == SHOWN
    assert "13 live, the last used 10 of them here." in shown(page)
    for number in range(SHOWN + 1):
        make_role(f"role-{number}", number)
        give(user, f"role-{number}")
    page = desk.open(user)
    assert buttons(page).count("withdraw") == SHOWN
    assert "11 in all, the highest 10 of them here." in shown(page)
    for what in (SESSIONS, "rbac_roleassignment"):
        assert f"/admin/{what.replace('_', '/')}/?q=ada%40example.com" in page.content.decode()


def test_a_page_of_any_length_costs_as_many_statements(desk, user):
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert desk.open(user).status_code == 200
        return len(captured)

    make_role("first", 1)
    give(user, "first")
    log_in(user)
    few = cost()
    log_in(user, times=20)
    for number in range(20):
        make_role(f"role-{number}", number)
        give(user, f"role-{number}")
    assert cost() == few == 17


def test_who_may_not_see_sessions_or_roles_is_shown_none(make_staff, user):
    log_in(user)
    assert headings(Desk.of(make_staff("accounts.view_user")).open(user)) == []


@pytest.mark.parametrize("lacks", ["permission", "authority", "proof"])
def test_the_buttons_are_those_that_would_do_something(make_staff, user, later, lacks):
    may = ["accounts.view_user", "tokens.view_session", "tokens.change_session"]
    staff = make_staff(*may[: 2 if lacks == "permission" else 3])
    log_in(user)
    if lacks == "authority":
        allow(user, "auth.change_group")
    desk = Desk.of(staff)
    later(minutes=11 if lacks == "proof" else 0)
    page = desk.open(user)
    assert headings(page) == ["Sessions"]
    assert "end_session" not in buttons(page)
    assert (LINK in shown(page)) == (lacks == "proof")


def factors(request, user, site: str) -> Panel:
    return Panel(f"Factors of {user.name} at {site}", EMPTY, {"rows": [], "list_url": "/theirs/"})


def nothing(request, user, site: str) -> None:
    return None


def test_a_project_adds_panels_of_its_own(desk, user, settings):
    ours = (f"{__name__}.nothing", f"{__name__}.factors", "accounts.admin.panels.sessions")
    settings.ACCOUNTS = {**settings.ACCOUNTS, "ADMIN_PANELS": ours}
    page = desk.open(user)
    assert headings(page) == ["Factors of Ada at admin", "Sessions"]
    assert "/theirs/?q=" in page.content.decode()


def test_the_page_has_one_heading_and_names_its_columns(desk, user):
    log_in(user)
    make_role("clerk", 1)
    give(user, "clerk")
    html = desk.open(user).content.decode()
    assert len(re.findall("<h1", html)) == 1
    assert not re.findall(r"<th(?![^>]*scope=)[ >]", html.partition('id="panel-1"')[2])
