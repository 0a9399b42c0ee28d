"""Invitations in the admin: sent with roles in reach, listed, withdrawn."""

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Invitation, OneTimeToken
from accounts.signals import invitation_withdrawn
from tests.admin.conftest import allow, give, make_role
from tests.admin.desk import Desk, buttons, said
from tests.doors import PASSWORD, Api, codes, shown

pytestmark = pytest.mark.django_db

INVITATIONS = "accounts_invitation"
ADD = "/admin/accounts/invitation/add/"
LIST = "/admin/accounts/invitation/"
EMAIL = "ada@example.com"
SENT = ["The invitation is on its way."]


@pytest.fixture
def host(make_staff):
    """Rank 50, invites, gives a clerk's role, sees everything of it."""
    host = make_staff(
        "accounts.invite_user",
        "accounts.view_invitation",
        "accounts.view_user",
        "rbac.assign_role",
        email="host@example.com",
    )
    make_role("chief", 50)
    make_role("clerk", 5)
    give(host, "chief")
    return host


@pytest.fixture
def host_desk(host) -> Desk:
    return Desk.of(host)


def send(desk: Desk, email: str = EMAIL, *roles: str) -> list[str]:
    response = desk.post(ADD, {"email": email, "roles": roles})
    assert response.status_code == 302, response.context["adminform"].form.errors
    return said(desk.get(response.url))


def accept(token: str):
    body = {"email": EMAIL, "password": PASSWORD, "name": "Ada", "invitation": token}
    return Api().post("/auth/register", body)


def states(desk: Desk, **query: str) -> list[str]:
    text = shown(desk.rows(INVITATIONS, **query))
    return [word for word in ("Open", "Accepted", "Expired", "Withdrawn") if f"com {word}" in text]


def test_an_invitation_is_sent_listed_and_accepted(host_desk, host, mailbox):
    assert send(host_desk, EMAIL, "clerk") == SENT
    text = shown(host_desk.rows(INVITATIONS))
    assert f"{EMAIL} Open Clerk host@example.com" in text
    assert accept(mailbox.token()).status_code == 202
    assert f"{EMAIL} Accepted Clerk host@example.com" in shown(host_desk.rows(INVITATIONS))
    row = Invitation.objects.get()
    assert row.link.user.role_assignments.get().role.slug == "clerk"
    entry = LogEntry.objects.get()
    assert (entry.user, entry.get_change_message()) == (host, "Invited.")
    assert EMAIL not in str(entry)


def test_an_invitation_is_withdrawn(host_desk, host, mailbox, listen):
    heard = listen(invitation_withdrawn)
    send(host_desk)
    token, row = mailbox.token(), Invitation.objects.get()
    assert buttons(host_desk.open(row, INVITATIONS)) == ["withdraw"]
    asked = host_desk.choose("withdraw", row, what=INVITATIONS)
    assert EMAIL in shown(asked)
    assert heard == []
    assert host_desk.act("withdraw", row, what=INVITATIONS) == ["1 invitation: Withdrawn."]
    assert [fact["by"] for fact in heard] == [host]
    assert codes(accept(token)) == ["link_invalid"]
    assert buttons(host_desk.open(row, INVITATIONS)) == []
    again = host_desk.act("withdraw", row, what=INVITATIONS)
    assert again == ["1 invitation: There was nothing to do."]


def test_an_accepted_invitation_is_not_withdrawn(host_desk, mailbox):
    send(host_desk)
    accept(mailbox.token())
    row = Invitation.objects.get()
    said_then = host_desk.act("withdraw", row, what=INVITATIONS)
    assert said_then == ["1 invitation: There was nothing to do."]
    assert OneTimeToken.objects.get(pk=row.pk).killed_at is None


def test_nobody_withdraws_what_a_superior_sent(desk, host_desk):
    send(desk)
    row = Invitation.objects.get()
    assert buttons(host_desk.open(row, INVITATIONS)) == []
    (refusal,) = host_desk.act("withdraw", row, what=INVITATIONS)
    assert "You may not" in refusal
    assert OneTimeToken.alive().filter(pk=row.pk).exists()


def test_only_roles_in_reach_are_offered_and_taken(host_desk):
    make_role("above", 51)
    make_role("auditor", 5, "auth.view_group")
    field = host_desk.get(ADD).context["adminform"].form.fields["roles"]
    assert {role.slug for role in field.queryset} == {"clerk"}
    for slug in ("above", "auditor", "admin", "user", "nonsense", "\0"):
        response = host_desk.post(ADD, {"email": EMAIL, "roles": slug})
        assert list(response.context["adminform"].form.errors) == ["roles"], slug
    assert not Invitation.objects.exists()


def test_who_may_not_give_roles_is_offered_none(make_staff, mailbox):
    make_role("clerk", 0)
    desk = Desk.of(make_staff("accounts.invite_user"))
    assert set(desk.get(ADD).context["adminform"].form.fields) == {"email"}
    assert send(desk, EMAIL, "clerk") == SENT
    assert not Invitation.objects.get().roles.exists()


def test_a_taken_address_looks_like_any_other(make_staff, make_user, mailbox):
    """To who may not see accounts, that is; and nobody is shown whom it belongs to."""
    make_user("taken@example.com")
    desk = Desk.of(make_staff("accounts.invite_user"))
    found = []
    for email in ("taken@example.com", "new@example.com"):
        response = desk.post(ADD, {"email": email})
        found.append((response.status_code, response.url, said(desk.get(response.url))))
    assert found[0] == found[1]
    assert desk.get(LIST).status_code == 403
    for row in Invitation.objects.all():
        assert desk.open(row, INVITATIONS).status_code == 403
    allow(desk_user := Invitation.objects.first().invited_by, "accounts.view_invitation")
    assert desk.get(LIST).status_code == 403
    allow(desk_user, "accounts.view_user")
    text = shown(desk.rows(INVITATIONS))
    assert "new@example.com Open" in text
    assert "taken@example.com" not in text


@pytest.mark.parametrize("email", ["", "nonsense", "a@b", '"ada\x01"@example.com', "x" * 300])
def test_what_is_wrong_stands_at_its_field(host_desk, email):
    response = host_desk.post(ADD, {"email": email, "roles": "clerk"})
    assert list(response.context["adminform"].form.errors) == ["email"]
    assert not Invitation.objects.exists()


def test_where_registration_is_closed_nobody_is_invited(host_desk, settings):
    settings.ACCOUNTS = {**settings.ACCOUNTS, "REGISTRATION": "closed"}
    response = host_desk.post(ADD, {"email": EMAIL})
    assert "Registration is closed." in shown(response)
    assert not Invitation.objects.exists()


def test_no_part_of_a_link_is_shown_or_changed(desk, mailbox):
    send(desk)
    token, row = mailbox.token(), Invitation.objects.get()
    page = desk.open(row, INVITATIONS).content.decode()
    assert token not in page
    assert row.link.digest not in page
    assert row.link.state not in page
    assert desk.post(f"{LIST}{row.pk}/change/", {"email": "x@example.com"}).status_code == 403
    assert desk.post(f"{LIST}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert desk.rows(INVITATIONS, link__digest__startswith="a").status_code in {302, 400}


def test_the_list_is_filtered_and_costs_as_many_statements_for_many_rows(desk, mailbox, later):
    make_role("clerk", 5)

    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert desk.rows(INVITATIONS).status_code == 200
        return len(captured)

    send(desk, EMAIL, "clerk")
    accept(mailbox.token())
    send(desk, "open@example.com", "clerk")
    few = cost()
    send(desk, "dead@example.com", "clerk")
    dead = Invitation.objects.get(link__recipient="dead@example.com")
    desk.act("withdraw", dead, what=INVITATIONS)
    for number in range(5):
        send(desk, f"more{number}@example.com", "clerk")
    assert cost() == few
    mailbox.read()
    for state, named in (("open", "Open"), ("accepted", "Accepted"), ("dead", "Withdrawn")):
        assert states(desk, state=state) == [named]
    assert states(desk, state="nonsense") != []
    assert "dead@example.com" in shown(desk.rows(INVITATIONS, q="DEAD@"))
    later(days=8)
    desk = Desk.of(dead.invited_by)
    assert states(desk, state="expired") == ["Expired"]
    assert states(desk, state="open") == []
