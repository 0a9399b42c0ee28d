"""Staff change an address: the new one proves itself, the old one is told and can undo it."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.utils import timezone

from accounts.flows import staff
from accounts.models import OneTimeToken
from accounts.signals import email_change_ordered_by_staff, verification_resent_by_staff
from portcullis.client import Client
from tests.accounts.moving import CONFIRM, NEW, OLD, UNDO, confirm, moved, secret, subjects, undo
from tests.admin.conftest import allow, give, make_role
from tests.admin.desk import Desk, buttons
from tests.doors import Api, codes

pytestmark = pytest.mark.django_db

WHY = {"reason": "Married"}
DONE = ["1 user: A link was mailed to the new address."]
DENIED = ["1 user: You may not do that to your own account, or to one that may do as much as you."]
NOTHING = ["1 user: There was nothing to do."]


def now(user):
    return get_user_model().objects.get(pk=user.pk)


def change(desk: Desk, user, email: str = NEW, **fields: str):
    return desk.act("change_email", user, **{"email": email, **WHY, **fields})


def test_the_new_address_proves_itself_and_the_old_one_can_undo_it(support_desk, user, mailbox):
    assert change(support_desk, user) == DONE
    token = secret(mailbox, NEW, CONFIRM)
    assert subjects(mailbox, OLD) == ["A change of your address was asked for"]
    assert now(user).email == OLD

    assert confirm(token).status_code == 200
    assert now(user).email == NEW
    undoing = secret(mailbox, OLD, UNDO)
    assert undo(undoing).status_code == 200
    assert now(user).email == OLD


def test_the_form_asks_for_the_address_and_the_reason(desk, user, mailbox):
    asked = desk.choose("change_email", user, stay="1")
    assert [field.name for field in asked.context["form"]] == ["email", "reason"]
    again = desk.choose("change_email", user, confirmed="1", email=NEW, reason="")
    assert list(again.context["form"].errors) == ["reason"]
    assert not OneTimeToken.objects.exists()


@pytest.fixture
def others(make_user, mailbox) -> None:
    """One at grace@example.com, and one who left former@example.com, which is kept for them."""
    make_user("grace@example.com")
    make_user("former@example.com")
    moved(mailbox, at="former@example.com", to="latter@example.com")


@pytest.mark.parametrize(
    ("email", "complaint"),
    [
        ("grace@example.com", "That address is taken."),
        ("GRACE@example.com", "That address is taken."),
        ("former@example.com", "That address is taken."),
        (OLD, "That is the address already."),
        ("ada", "Enter a valid email address."),
        ("", "This field is required."),
        ("a" * 250 + "@example.com", "at most 254 characters"),
        ("ada\0@example.com", "Null characters"),
    ],
)
def test_an_address_that_cannot_be_theirs_is_refused_beside_its_field(
    desk, user, others, email, complaint
):
    before = OneTimeToken.objects.count()
    again = desk.choose("change_email", user, confirmed="1", email=email, **WHY)
    assert again.status_code == 200
    errors = again.context["form"].errors
    assert list(errors) == ["email"]
    assert complaint in str(errors["email"])
    assert b'aria-invalid="true"' in again.content
    assert OneTimeToken.objects.count() == before
    assert not LogEntry.objects.exists()


def test_an_address_is_theirs_again_in_other_letters(desk, user, mailbox):
    assert change(desk, user, "Ada@Example.COM") == DONE
    assert confirm(secret(mailbox, "Ada@example.com", CONFIRM)).status_code == 200
    assert now(user).email == "Ada@example.com"


@pytest.mark.parametrize("whose", ["own", "superior", "peer"])
def test_nobody_elses_is_changed_than_of_who_stands_lower(root, support, make_user, whose):
    match whose:
        case "own":
            who = row = support
        case "superior":
            who, row = support, make_user()
            allow(row, "auth.change_group")
        case "peer":
            who, row = root, make_user(is_staff=True, is_superuser=True)
    desk = Desk.of(who)
    assert change(desk, row) == DENIED
    assert "change_email" not in buttons(desk.open(row))
    assert not OneTimeToken.objects.exists()


@pytest.mark.parametrize("state", ["inactive", "closed", "pending"])
def test_an_account_that_nobody_uses_gets_no_link(desk, make_user, mailbox, state):
    fields = {
        "inactive": {"is_active": False},
        "closed": {"closed_at": timezone.now()},
        "pending": {"is_pending": True},
    }
    row = make_user(**fields[state])
    assert "change_email" not in buttons(desk.open(row))
    assert change(desk, row) == NOTHING
    assert mailbox.read() == []


def test_it_is_done_to_one_at_a_time(desk, user, make_user):
    grace = make_user("grace@example.com")
    assert desk.act("change_email", user, grace, email=NEW, **WHY) == ["Choose 1 at most."]
    assert not OneTimeToken.objects.exists()


def test_it_is_announced_and_logged_without_an_address(support_desk, support, user, listen):
    heard = listen(email_change_ordered_by_staff)
    change(support_desk, user)
    facts = [(fact["user"].pk, fact["by"].pk, fact["reason"]) for fact in heard]
    assert facts == [(user.pk, support.pk, "Married")]
    entry = LogEntry.objects.get()
    assert entry.get_change_message() == "A link was mailed to the new address. Married"
    assert entry.object_repr == str(user.pk)


def test_no_entry_about_a_user_holds_an_address(desk, user, root, make_user):
    desk.save(user, name="Ada Lovelace")
    desk.post("/admin/accounts/user/add/", {"email": "grace@example.com", "name": "Grace"})
    desk.act("deactivate", user)
    logged = LogEntry.objects.values_list("object_repr", "change_message")
    assert len(logged) == 3
    assert "@" not in str(list(logged))


def test_no_account_is_made_at_an_address_that_is_kept_for_somebody(support_desk, user, mailbox):
    moved(mailbox)
    form = {"email": OLD, "name": "Eve"}
    response = support_desk.post("/admin/accounts/user/add/", form)
    assert list(response.context["adminform"].form.errors) == ["email"]
    assert not get_user_model().objects.filter(email=OLD).exists()


def test_a_verification_link_is_sent_again(support_desk, support, mailbox, listen):
    heard = listen(verification_resent_by_staff)
    Api().register("new@example.com")
    new = get_user_model().objects.get(email="new@example.com")
    first = mailbox.token()
    assert "resend_verification" in buttons(support_desk.open(new))
    assert support_desk.act("resend_verification", new) == ["1 user: Verification link sent."]
    assert [(fact["user"].pk, fact["by"].pk) for fact in heard] == [(new.pk, support.pk)]
    second = mailbox.token()
    assert second != first
    assert Api().post("/auth/verify-email", {"token": second}).status_code == 200
    assert now(new).email_verified_at is not None
    assert "resend_verification" not in buttons(support_desk.open(new))


def test_who_is_verified_or_shut_out_gets_no_verification_link(desk, user, make_user, mailbox):
    gone = make_user("gone@example.com", is_active=False, email_verified_at=None)
    assert desk.act("resend_verification", user, gone) == ["2 users: There was nothing to do."]
    assert mailbox.read() == []


def test_the_link_dies_with_a_lock_down(desk, user, mailbox):
    change(desk, user)
    token = secret(mailbox, NEW, CONFIRM)
    desk.act("lock_down", user, reason="It was not them")
    assert codes(confirm(token)) == ["link_invalid"]


def becomes_superuser(user) -> None:
    get_user_model().objects.filter(pk=user.pk).update(is_superuser=True, is_staff=True)


def rises(user) -> None:
    make_role("chair", 90)
    give(user, "chair")


@pytest.mark.parametrize("happens", [becomes_superuser, rises])
def test_who_has_risen_above_staff_keeps_their_address(support_desk, user, mailbox, happens):
    """Or a change that was ordered yesterday would take the account of today's superuser."""
    change(support_desk, user, "evil@example.com")
    token = secret(mailbox, "evil@example.com", CONFIRM)
    happens(user)
    assert codes(confirm(token)) == ["link_invalid"]
    assert now(user).email == OLD


def lose_the_permission(support) -> None:
    support.user_permissions.clear()


def leave(support) -> None:
    get_user_model().objects.filter(pk=support.pk).update(is_staff=False)


def are_shut_out(support) -> None:
    root = get_user_model().objects.get(is_superuser=True)
    staff.deactivate(by=root, user=support, client=Client())


def are_locked_down(support) -> None:
    root = get_user_model().objects.get(is_superuser=True)
    staff.lock_down(by=root, user=support, reason="Stolen", client=Client())


def are_let_in_again(support) -> None:
    are_locked_down(support)
    support.refresh_from_db()
    support.set_password("Difference-Engine-1822")
    support.save()


@pytest.mark.parametrize(
    "they", [lose_the_permission, leave, are_shut_out, are_locked_down, are_let_in_again]
)
@pytest.mark.usefixtures("root")
def test_a_change_dies_with_who_ordered_it(support, user, mailbox, they):
    """It may have been a thief who did, in their name."""
    change(Desk.of(support), user)
    token = secret(mailbox, NEW, CONFIRM)
    they(support)
    assert codes(confirm(token)) == ["link_invalid"]
    assert now(user).email == OLD


@pytest.mark.parametrize("act", ["send_reset_link", "resend_verification"])
def test_staff_do_not_stand_for_an_invitation(desk, make_user, mailbox, act):
    """A link of another kind would make the account without what the invitation promised."""
    invited = make_user(NEW, password=None, is_pending=True, email_verified_at=None)
    assert desk.act(act, invited) == NOTHING
    assert mailbox.read() == []
    assert not {"Send a reset link", "Resend verification"} & {*buttons(desk.open(invited))}
