"""Invitations: an account for whoever reads the mail, and no more than its sender may give."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import links
from accounts.flows import staff
from accounts.flows.disowning import disown
from accounts.models import Invitation, OneTimeToken, Purpose
from accounts.signals import invitation_accepted, invited
from portcullis.client import Client
from rbac.models import RoleAssignment
from tests.access.people import give, make_role, permission
from tests.accounts.outside import TAKEN, outside
from tests.doors import PASSWORD, Api, codes, fields
from tokens.models import RevokeReason, Session

pytestmark = pytest.mark.django_db

EMAIL, OTHER = "ada@example.com", "grace@example.com"
INVITES = ("accounts.invite_user", "rbac.assign_role", "rbac.view_role")
INVITED = "Portcullis: You are invited to Portcullis"
STRANGERS = "Mallory-Was-First-1984"


@pytest.fixture
def inviter(make_user):
    """A host of rank 50, who may give a badge."""
    make_role("host", *INVITES, rank=50)
    make_role("badge", "rbac.view_role", rank=5)
    return give(make_user("host@example.com", name="Host"), "host")


@pytest.fixture
def host(inviter) -> Api:
    return Api().login(inviter.email, transport="bearer")


def invite(api: Api, email: str = EMAIL, **body):
    return api.post("/invitations", {"email": email, **body})


def accept(token: str, email: str = EMAIL, password: str = PASSWORD, name: str = "Ada"):
    body = {"email": email, "password": password, "name": name, "invitation": token}
    return Api().post("/auth/register", body)


def logs_in(password: str = PASSWORD, email: str = EMAIL) -> bool:
    return Api().try_login(email, password, transport="bearer").status_code == 200


def roles_of(email: str = EMAIL) -> set[str]:
    held = RoleAssignment.objects.filter(user__email=email)
    return set(held.values_list("role__slug", flat=True))


def is_dead(answer) -> bool:
    return (answer.status_code, codes(answer)) == (400, ["link_invalid"])


# From the mail to the account


def test_from_the_invitation_to_the_login(host, inviter, mailbox, heard):
    with heard(invited) as sent:
        assert invite(host, "Ada@EXAMPLE.com", roles=["badge"]).status_code == 202
    mail = mailbox.latest()
    assert (mail["To"], mail["Subject"]) == (
        "Ada@example.com",
        INVITED,
    )
    assert "/accounts/register/?token=" in mail.get_body(("plain",)).get_content()
    assert not logs_in()

    with heard(invitation_accepted) as accepted:
        answer = accept(mailbox.token())
    assert outside(answer)[:2] == outside(Api().register("new@example.com"))[:2]
    assert not Session.objects.exclude(user=inviter).exists()

    api = Api().login(EMAIL, transport="bearer")
    assert api.answer["user"]["email"] == "Ada@example.com"
    assert api.answer["user"]["name"] == "Ada"
    assert api.answer["user"]["email_verified"] is True
    assert api.answer["user"]["roles"] == ["badge", "user"]
    held = RoleAssignment.objects.get(user__email="Ada@example.com")
    assert (held.granted_by, held.expires_at) == (inviter, None)
    assert held.reason.startswith("Invited on ")
    assert [fact["by"] for fact in sent] == [inviter]
    assert [fact["withheld"] for fact in accepted] == [[]]


def test_no_other_mail_asks_for_a_proof(host, mailbox):
    invite(host)
    accept(mailbox.token())
    assert mailbox.subjects() == [INVITED]


def test_an_invitation_is_spent_once(host, mailbox):
    invite(host)
    token = mailbox.token()
    assert accept(token).status_code == 202
    assert is_dead(accept(token, password=STRANGERS))
    assert logs_in()


def test_what_is_wrong_leaves_the_invitation_as_it_was(host, mailbox):
    invite(host)
    token = mailbox.token()
    weak = accept(token, password="short")
    assert (weak.status_code, fields(weak)) == (400, {"password"})
    for other in (OTHER, "ada@example.com.evil.test", "ada@example.org"):
        answer = accept(token, other)
        assert (answer.status_code, fields(answer)) == (400, {"email"})
    assert not get_user_model().objects.filter(email=OTHER).exists()
    assert accept(token, "ADA@\N{FULLWIDTH LATIN SMALL LETTER E}xample.com").status_code == 202
    assert get_user_model().objects.get(email_key=EMAIL).email == EMAIL


def test_an_invitation_expires(host, mailbox, later):
    invite(host)
    token = mailbox.token()
    later(days=7, seconds=1)
    assert is_dead(accept(token))


def test_another_invitation_replaces_the_first(host, mailbox):
    invite(host)
    first = mailbox.token()
    invite(host, "ADA@example.com")
    assert is_dead(accept(first))
    assert accept(mailbox.token()).status_code == 202
    assert get_user_model().objects.filter(email_key=EMAIL).count() == 1


@pytest.mark.parametrize("token", ["x" * 43, "nonsense", "\N{SNOWMAN}"])
def test_a_made_up_invitation_is_a_dead_link(db, token):
    assert is_dead(accept(token))
    assert not get_user_model().objects.exists()


def test_links_open_what_they_were_mailed_for_and_nothing_else(api, host, user, mailbox):
    invite(host, OTHER)
    invitation = mailbox.token()
    api.register("new@example.com")
    verification = mailbox.token()
    api.post("/auth/forgot-password", {"email": EMAIL})
    reset = mailbox.token()
    assert is_dead(api.post("/auth/verify-email", {"token": invitation}))
    assert is_dead(api.post("/auth/reset-password", {"token": invitation, "password": PASSWORD}))
    assert is_dead(accept(verification, "new@example.com"))
    assert is_dead(accept(reset, EMAIL))
    assert accept(invitation, OTHER).status_code == 202


# Whose address it is


@pytest.mark.parametrize("taken", TAKEN.values(), ids=TAKEN)
def test_the_sender_does_not_learn_whether_an_address_is_taken(host, make_user, mailbox, taken):
    make_user(EMAIL, **taken)

    def cost(email: str) -> tuple:
        with CaptureQueriesContext(connection) as queries:
            answer = invite(host, email, roles=["badge"])
        assert answer.status_code == 202
        return outside(answer), len(queries)

    cost("first@example.com")  # what a process reads once
    assert cost(EMAIL) == cost("new@example.com")
    assert roles_of() == set()
    assert logs_in() is (taken == {})


def test_who_has_an_account_is_told(host, user, mailbox, heard):
    with heard(invited) as sent:
        invite(host, "ADA@example.com")
    (mail,) = mailbox.read()
    assert (mail["To"], mail["Subject"]) == (
        EMAIL,
        "Portcullis: You are invited, and have an account already",
    )
    assert "token=" not in mail.get_body(("plain",)).get_content()
    assert [fact["invitation"].link.user for fact in sent] == [None]
    assert not OneTimeToken.alive().filter(purpose=Purpose.INVITATION).exists()


def test_nobody_invites_themselves_to_more(host, inviter, mailbox):
    make_role("better", rank=40)
    invite(host, inviter.email, roles=["better"])
    assert mailbox.subjects() == ["Portcullis: You are invited, and have an account already"]
    assert roles_of(inviter.email) == {"host"}


def test_an_address_that_is_kept_for_somebody_is_not_to_be_had(host, make_user, mailbox):
    thief = make_user("thief@example.com")
    OneTimeToken.objects.create(
        purpose=Purpose.UNDO_EMAIL,
        user=thief,
        recipient=EMAIL,
        reserves=EMAIL,
        expires_at=timezone.now() + timedelta(days=7),
    )
    assert invite(host).status_code == 202
    assert mailbox.read() == []
    assert not get_user_model().objects.filter(email_key=EMAIL).exists()


def test_who_registered_first_is_replaced_by_who_was_invited(api, accounts, host, mailbox):
    accounts(EMAIL_VERIFICATION="optional")
    api.register(EMAIL, STRANGERS, name="Mallory")
    stranger = Api().login(EMAIL, STRANGERS, transport="bearer")
    invite(host, roles=["badge"])
    assert accept(mailbox.token()).status_code == 202
    assert not logs_in(STRANGERS)
    assert stranger.get("/users/profile").status_code == 401
    assert Session.objects.get(pk=stranger.sid).revoke_reason == RevokeReason.VERIFIED
    assert logs_in()


def test_a_registration_that_was_confirmed_first_kills_the_invitation(api, host, tokens):
    invite(host, roles=["badge"])
    api.register(EMAIL, STRANGERS)
    invitation, verification = tokens()
    assert api.post("/auth/verify-email", {"token": verification}).status_code == 200
    assert is_dead(accept(invitation))
    assert logs_in(STRANGERS)
    assert roles_of() == set()


def test_a_registration_beside_an_invitation_leaves_it_alive(api, host, tokens):
    invite(host, roles=["badge"])
    api.register(EMAIL, STRANGERS, name="Mallory")
    invitation, verification = tokens()
    assert accept(invitation).status_code == 202
    assert is_dead(api.post("/auth/verify-email", {"token": verification}))
    assert logs_in()
    assert roles_of() == {"badge"}


def test_a_lookalike_is_invited_to_an_account_of_its_own_mailbox(host, mailbox):
    invite(host, "kim@example.com")
    first = mailbox.token()
    invite(host, "\N{KELVIN SIGN}im@example.com")
    assert is_dead(accept(first, "kim@example.com"))
    assert accept(mailbox.token(), "kim@example.com").status_code == 202
    assert get_user_model().objects.get(name="Ada").email == "\N{KELVIN SIGN}im@example.com"


# What comes with it


def test_only_what_is_in_reach_is_promised(host, mailbox):
    make_role("above", rank=50)
    make_role("auditor", "accounts.view_user", rank=5)
    make_role("heir", rank=5, parents=["auditor"])
    for slugs in (["above"], ["auditor"], ["heir"], ["badge", "admin"]):
        answer = invite(host, roles=slugs)
        assert (answer.status_code, codes(answer)) == (403, ["permission_denied"]), slugs
    for slugs in (["nothing"], ["user"], ["badge", "nothing"]):
        answer = invite(host, roles=slugs)
        assert (answer.status_code, fields(answer)) == (400, {"roles"}), slugs
    assert not Invitation.objects.exists()
    assert mailbox.read() == []


def test_who_may_not_give_roles_invites_without(make_user, mailbox):
    make_role("greeter", "accounts.invite_user", rank=50)
    make_role("badge", rank=5)
    api = Api().login(give(make_user(OTHER), "greeter").email, transport="bearer")
    assert codes(invite(api, roles=["badge"])) == ["permission_denied"]
    assert invite(api).status_code == 202
    assert accept(mailbox.token()).status_code == 202


def test_what_is_held_for_an_afternoon_is_not_promised_for_good(make_user, inviter):
    make_role("deputy", *INVITES, rank=60)
    make_role("chair", rank=55)
    until = timezone.now() + timedelta(hours=4)
    api = Api().login(give(inviter, "deputy", expires_at=until).email, transport="bearer")
    assert codes(invite(api, roles=["chair"])) == ["permission_denied"]
    assert invite(api, roles=["badge"]).status_code == 202


def lost_rank(inviter) -> None:
    RoleAssignment.objects.filter(user=inviter).delete()


def was_deactivated(inviter) -> None:
    type(inviter).objects.filter(pk=inviter.pk).update(is_active=False)


def is_gone(inviter) -> None:
    inviter.delete()


def was_locked_down(inviter) -> None:
    staff.lock_down(by=a_superuser(), user=inviter, reason="Stolen", client=Client())


def said_it_was_not_them(inviter) -> None:
    Api().login(inviter.email)
    link = links.order(purpose=Purpose.NOT_ME, user=inviter)
    disown(token=links.arm(str(link.pk))[1], client=Client())


def a_superuser():
    fields = {"is_staff": True, "is_superuser": True}
    return get_user_model().objects.create_user("root@example.com", PASSWORD, **fields)


@pytest.mark.parametrize(
    "happens", [lost_rank, was_deactivated, is_gone, was_locked_down, said_it_was_not_them]
)
def test_it_is_worth_nothing_without_its_sender(host, inviter, mailbox, happens: Callable):
    invite(host, roles=["badge"])
    token = mailbox.token()
    happens(inviter)
    assert is_dead(accept(token))
    assert not get_user_model().objects.get(email=EMAIL).email_verified_at


def test_roles_are_judged_again_when_they_are_given(host, inviter, mailbox, heard):
    invite(host, roles=["badge"])
    lost_rank(inviter)
    inviter.user_permissions.add(permission("accounts.invite_user"))
    with heard(invitation_accepted) as accepted:
        assert accept(mailbox.token()).status_code == 202
    assert [fact["withheld"] for fact in accepted] == [["badge"]]
    assert roles_of() == set()
    assert logs_in()


def test_a_role_that_was_raised_meanwhile_is_withheld_and_others_are_given(host, mailbox):
    medal = make_role("medal", rank=5)
    invite(host, roles=["badge", "medal"])
    type(medal).objects.filter(pk=medal.pk).update(rank=80)
    accept(mailbox.token())
    assert roles_of() == {"badge"}


def test_permission_is_judged_by_the_row_as_it_is_now(host, inviter):
    lost_rank(inviter)
    assert codes(invite(host)) == ["permission_denied"]
    assert not Invitation.objects.exists()


# Nothing but the invitation makes the account of whoever was only invited


@pytest.mark.parametrize("dead", [False, True], ids=["alive", "expired"])
def test_no_other_mail_stands_for_the_invitation(accounts, host, mailbox, later, dead):
    accounts(REGISTRATION="invite")
    api = Api()
    invite(host)
    mailbox.read()
    if dead:
        later(days=8)
    for path in ("forgot-password", "resend-verification"):
        assert api.post(f"/auth/{path}", {"email": EMAIL}).status_code == 202
    assert mailbox.subjects() == [INVITED]
