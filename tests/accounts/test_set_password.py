"""A first password for an account that has none, and the steps of a restricted session."""

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from tests.doors import PASSWORD, Api, Pages, codes, fields, shown
from tests.tokens.carrying import PROFILE, access_token_of, by_header
from tokens.models import Session

pytestmark = pytest.mark.django_db

PATH, PAGE = "/auth/set-password", "/accounts/password/change/"
NEW = "Difference-Engine-1822"


def leave_none(user) -> None:
    """As an account looks that was made by a passkey or another site: nobody is logged out."""
    user.refresh_from_db()
    user.set_unusable_password()
    everybody = get_user_model().objects.filter(pk=user.pk)
    everybody.update(password=user.password, credential_epoch=user.credential_epoch)


def test_a_first_password_ends_the_other_sessions_and_opens_the_account(door, user, mailbox):
    other, old = Api().login(transport="bearer"), access_token_of(door)
    leave_none(user)
    door.take(answer := door.post(PATH, {"password": NEW}))
    assert answer.status_code == 200
    assert door.get(PROFILE).status_code == 200
    assert codes(by_header(old)) == ["token_invalid"]
    assert other.get(PROFILE).status_code == 401
    assert Api().try_login(password=NEW).status_code == 200
    assert "Your password was changed" in mailbox.subjects()[-1]


def test_whoever_has_a_password_does_not_get_round_it(door, user):
    before = user.password
    answer = door.post(PATH, {"password": NEW})
    assert (answer.status_code, codes(answer)) == (400, ["password_exists"])
    user.refresh_from_db()
    assert user.password == before


def test_the_policy_holds_for_the_first_password_too(door, user):
    leave_none(user)
    answer = door.post(PATH, {"password": "short"})
    assert (answer.status_code, fields(answer)) == (400, {"password"})
    assert "password_too_short" in codes(answer)


def test_it_needs_a_recent_proof(door, user, later):
    leave_none(user)
    later(minutes=11)
    assert codes(door.post(PATH, {"password": NEW})) == ["reauthentication_required"]


def test_the_page_that_changes_a_password_sets_the_first_one(pages, user, later):
    pages.log_in()
    leave_none(user)
    assert "Set a password" in shown(pages.visit(PAGE))
    assert pages.send(PAGE, {"password": NEW}).url == "/accounts/profile/"
    assert pages.signed_in
    assert Pages().log_in(password=NEW).status_code == 302
    leave_none(user)
    later(minutes=11)
    assert pages.visit(PAGE).url == f"/accounts/reauthenticate/?next={PAGE}"


# Steps ------------------------------------------------------------------------------------------


def test_each_step_leads_to_the_next_until_the_session_is_whole(user):
    """A closed account whose password is known to attackers is reopened, then changes it."""
    everybody = get_user_model().objects.filter(pk=user.pk)
    everybody.update(closed_at=timezone.now(), must_change_password=True)
    api = Api().login(transport="bearer")
    change = {"current_password": PASSWORD, "new_password": NEW}
    assert api.answer["session"]["restriction"] == "reopen"
    assert api.post("/auth/change-password", change).status_code == 403
    api.take(answer := api.post("/auth/reopen"))
    assert (answer.status_code, api.answer["session"]["restriction"]) == (200, "change_password")
    assert api.get(PROFILE).status_code == 403
    api.take(answer := api.post("/auth/change-password", change))
    assert (answer.status_code, api.answer["session"]["restriction"]) == (200, None)
    assert api.get(PROFILE).status_code == 200


def test_pages_lead_from_step_to_step(pages, user):
    everybody = get_user_model().objects.filter(pk=user.pk)
    everybody.update(closed_at=timezone.now(), must_change_password=True)
    assert pages.log_in().url == "/accounts/reopen/"
    assert pages.visit("/accounts/profile/").url == "/accounts/reopen/"
    pages.send("/accounts/reopen/")
    assert pages.visit("/accounts/profile/").url == PAGE
    pages.send(PAGE, {"current_password": PASSWORD, "new_password": NEW})
    assert pages.signed_in


def test_a_changed_password_is_sound_however_it_was_changed(user):
    everybody = get_user_model().objects.filter(pk=user.pk)
    for change in (
        user.save,
        lambda: user.save(update_fields=["password"]),
        lambda: everybody.update(password=user.password),
    ):
        everybody.update(must_change_password=True)
        user.refresh_from_db()
        user.set_password(NEW)
        change()
        user.refresh_from_db()
        assert not user.must_change_password


def test_a_better_hash_of_the_same_password_is_not_a_sound_one(make_user, settings):
    settings.PASSWORD_HASHERS = [*reversed(settings.PASSWORD_HASHERS)]
    user = make_user("legacy@example.com")
    get_user_model().objects.filter(pk=user.pk).update(must_change_password=True)
    settings.PASSWORD_HASHERS = [*reversed(settings.PASSWORD_HASHERS)]
    api = Api().login("legacy@example.com", transport="bearer")
    assert api.answer["session"]["restriction"] == "change_password"
    user.refresh_from_db()
    assert user.password.startswith("argon2")
    assert user.must_change_password
    assert Session.objects.get().restriction == "change_password"


def test_whoever_has_no_password_to_change_sets_one(pages, user):
    """After a lock-down, say, by a login that takes none."""
    api, page = Api().login(transport="bearer"), pages
    page.log_in()
    leave_none(user)
    Session.objects.update(restriction="change_password")
    assert "Set a password" in shown(page.visit(PAGE))
    api.take(answer := api.post(PATH, {"password": NEW}))
    assert (answer.status_code, answer.json()["session"]["restriction"]) == (200, None)
    assert api.get(PROFILE).status_code == 200


def test_a_first_step_leads_to_the_second_from_the_other_side(user):
    """Closed while a change of the password was what the session had to do."""
    get_user_model().objects.update(must_change_password=True)
    api = Api().login(transport="bearer")
    get_user_model().objects.update(closed_at=timezone.now())
    change = {"current_password": PASSWORD, "new_password": NEW}
    assert api.post("/auth/change-password", change).json()["session"]["restriction"] == "reopen"


def test_an_old_proof_is_renewed_by_a_login_where_no_other_page_is_open(pages, user, later):
    pages.log_in()
    leave_none(user)
    Session.objects.update(restriction="change_password")
    later(minutes=11)
    assert pages.visit(PAGE).url == f"/accounts/login/?next={PAGE}"


def test_the_mark_is_written_by_who_means_it(user):
    user.must_change_password = True
    user.save()
    assert get_user_model().objects.get().must_change_password
    user.must_change_password = False
    user.save()
    assert not get_user_model().objects.get().must_change_password


def test_a_copy_from_before_does_not_lift_the_mark(user):
    copy = get_user_model().objects.get()
    get_user_model().objects.update(must_change_password=True)
    copy.name = "Countess"
    copy.save()
    assert get_user_model().objects.get().must_change_password
