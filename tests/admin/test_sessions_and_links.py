"""Sessions and one-time links in the admin: to look at, and of a session to end it."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import OneTimeToken
from accounts.signals import sessions_ended_by_staff
from tests.admin.desk import LINKS, SESSIONS, Desk, buttons, inputs, page_of
from tests.doors import Api, codes
from tokens.models import Restriction, RevokeReason, Session

pytestmark = pytest.mark.django_db

PROFILE = "/users/profile"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
NEW = "Difference-Engine-1822"


def column(response, name: str) -> list[str]:
    cells = re.findall(rf'<t[dh] class="field-{name}.*?</t[dh]>', response.content.decode())
    return [re.sub("<[^>]+>", "", cell) for cell in cells]


def states(desk: Desk, **query: str) -> list[str]:
    return column(desk.rows(SESSIONS, **query), "state")


def ask_for_reset(email: str = "ada@example.com") -> None:
    assert Api().post("/auth/forgot-password", {"email": email}).status_code == 202


def test_a_session_ended_by_staff_is_refused_from_its_next_request(desk, door, listen):
    heard = listen(sessions_ended_by_staff)
    other = Api().login(transport="bearer")
    session = Session.objects.get(pk=door.sid)
    assert buttons(desk.open(session, SESSIONS)) == ["end_session"]
    assert desk.act("end_session", session, what=SESSIONS) == ["1 session: Ended."]
    assert codes(door.get(PROFILE)) == ["token_invalid"]
    assert door.refresh().status_code == 401
    assert other.get(PROFILE).status_code == 200
    session.refresh_from_db()
    assert session.revoke_reason == RevokeReason.STAFF
    assert buttons(desk.open(session, SESSIONS)) == []
    assert [(fact["user"].pk, fact["count"]) for fact in heard] == [(session.user_id, 1)]


def test_a_session_that_is_over_is_not_ended_again(desk, bearer):
    session = Session.objects.get(pk=bearer.sid)
    bearer.logout()
    said = desk.act("end_session", session, what=SESSIONS)
    assert said == ["1 session: There was nothing to do."]
    session.refresh_from_db()
    assert session.revoke_reason == RevokeReason.LOGOUT


def test_several_sessions_are_asked_about_by_device(desk, user):
    doors = [Api(**{"User-Agent": FIREFOX}).login(transport="bearer") for _ in range(2)]
    sessions = Session.objects.filter(user=user)
    asked = desk.choose("end_session", *sessions, what=SESSIONS).content.decode()
    assert asked.count("ada@example.com: Firefox on Linux") == 2
    assert all(door.get(PROFILE).status_code == 200 for door in doors)
    assert desk.act("end_session", *sessions, what=SESSIONS) == ["2 sessions: Ended."]
    assert all(door.get(PROFILE).status_code == 401 for door in doors)


def test_ending_ones_own_session_is_logging_out(desk, root):
    response = desk.choose("end_session", Session.objects.get(user=root), what=SESSIONS)
    assert response.status_code == 302
    assert desk.get(response.url).status_code == 302


def test_a_row_says_whose_and_where_it_is(desk, make_user):
    make_user("grace@example.com")
    Api(**{"User-Agent": FIREFOX}).login("grace@example.com", transport="hybrid")
    listed = desk.rows(SESSIONS, q="GRACE@example")
    row = ["grace@example.com", "Firefox on Linux", "127.0.0.1", "hybrid", "Live"]
    names = ("user", "device", "ip", "carried", "state")
    assert [column(listed, name) for name in names] == [[value] for value in row]


def test_each_way_to_end_is_told(desk, root, user, make_user, later):
    gone, changed = make_user("gone@example.com"), make_user("changed@example.com")
    for email in (user.email, gone.email, changed.email):
        Api().login(email, transport="bearer")
    Api().login(transport="bearer").logout()
    type(user).objects.filter(pk=gone.pk).update(is_active=False)
    changed.set_password(NEW)
    changed.save()
    told = ["Credentials changed since login", "Live", "Live", "Logged out", "User inactive"]
    assert sorted(states(desk)) == told
    later(days=8)
    assert states(Desk.of(root), q=user.email) == ["Logged out", "Idle too long"]


def test_sessions_are_filtered(desk, user):
    for transport in ("cookie", "hybrid", "bearer"):
        Api().login(transport=transport)
    Session.objects.filter(transport="hybrid").update(restriction=Restriction.CHANGE_PASSWORD)
    Api().login(transport="bearer").logout()
    mine = {"q": user.email}
    assert states(desk, **mine, state="live") == ["Live"] * 3
    assert states(desk, **mine, state="ended") == ["Logged out"]
    assert len(states(desk, **mine, transport__exact="bearer")) == 2
    assert len(states(desk, **mine, restriction__exact="change_password")) == 1
    assert len(states(desk, state="whatever")) == 5


@pytest.mark.parametrize("what", [SESSIONS, LINKS])
def test_nothing_is_added_or_changed(desk, bearer, mailbox, what):
    ask_for_reset()
    mailbox.read()
    model = {SESSIONS: Session, LINKS: OneTimeToken}[what]
    row = model.objects.exclude(user__email="root@example.com").get()
    before = list(model.objects.order_by("pk").values())
    assert inputs(desk.open(row, what)) == set()
    changes = {"user": str(row.user_id), "expires_at_0": "2099-01-01", "revoked_at": "", "q": "x"}
    assert desk.post(page_of(row, what), changes).status_code == 403
    add = page_of(row, what).replace(f"{row.pk}/change", "add")
    assert desk.get(add).status_code == 403
    assert desk.post(add, changes).status_code == 403
    assert list(model.objects.order_by("pk").values()) == before


def test_ending_needs_its_permission(make_staff, bearer):
    desk = Desk.of(make_staff("tokens.view_session", "accounts.change_user"))
    session = Session.objects.get(pk=bearer.sid)
    assert buttons(desk.open(session, SESSIONS)) == []
    desk.choose("end_session", session, what=SESSIONS)
    assert bearer.get(PROFILE).status_code == 200


@pytest.mark.parametrize("what", [SESSIONS, LINKS])
def test_a_list_of_any_length_costs_as_many_statements(desk, make_user, mailbox, what):
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert desk.rows(what).status_code == 200
        return len(captured)

    def fill(number: int) -> None:
        email = make_user(f"user{number}@example.com").email
        Api().login(email, transport="bearer")
        ask_for_reset(email)

    fill(0)
    few = cost()
    for number in range(1, 8):
        fill(number)
    assert cost() == few == 5


def test_a_link_tells_how_it_is(desk, user, mailbox, later):
    def state() -> str:
        newest = OneTimeToken.objects.latest("created_at")
        assert column(desk.open(newest, LINKS), "how_it_is") == []
        return column(desk.rows(LINKS, purpose__exact="reset_password"), "how_it_is")[0]

    ask_for_reset()
    assert state() == "Waiting for the worker"
    token = mailbox.token()
    assert state() == "Mailed"
    ask_for_reset()
    assert column(desk.rows(LINKS), "how_it_is")[1] == "Replaced or withdrawn"
    assert Api().post("/auth/reset-password", {"token": token, "password": NEW}).status_code == 400
    token = mailbox.token()
    assert Api().post("/auth/reset-password", {"token": token, "password": NEW}).status_code == 200
    assert state() == "Spent"
    later(hours=1)
    ask_for_reset()
    mailbox.read()
    later(hours=2)
    assert state() == "Expired"


def test_a_link_shows_where_it_went(desk, user, mailbox):
    Api().register("new@example.com")
    ask_for_reset()
    listed = desk.rows(LINKS)
    assert column(listed, "recipient") == ["ada@example.com", "new@example.com"]
    assert column(listed, "purpose") == ["Reset a password", "Verify an address"]
    found = desk.rows(LINKS, purpose__exact="verify_email", q="NEW@")
    assert column(found, "user") == ["new@example.com"]


def test_links_to_nobody_are_not_among_them(desk, user):
    ask_for_reset("nobody@example.com")
    ask_for_reset()
    assert OneTimeToken.objects.count() == 2
    assert column(desk.rows(LINKS), "recipient") == ["ada@example.com"]
    decoy = OneTimeToken.objects.get(user=None)
    assert desk.open(decoy, LINKS).status_code == 302
