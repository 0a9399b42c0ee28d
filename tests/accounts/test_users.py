"""The user model: its address, its epoch, and the command that makes the first administrator."""

import uuid

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from tests.doors import PASSWORD, Api

pytestmark = pytest.mark.django_db

EMAIL = "ada@example.com"
NEW = "Difference-Engine-1822"
FOLD_ALIKE = [
    ("ada@example.com", "ADA@EXAMPLE.COM"),
    ("kim@example.com", "\N{KELVIN SIGN}im@example.com"),
    ("ada@example.com", "\N{FULLWIDTH LATIN SMALL LETTER A}da@example.com"),
    ("ada@example.com", "ada@\N{FULLWIDTH LATIN SMALL LETTER E}xample.com"),
    ("sofie@example.com", "so\N{LATIN SMALL LIGATURE FI}e@example.com"),
    ("strasse@example.com", "stra\N{LATIN SMALL LETTER SHARP S}e@example.com"),
    ("\N{ANGSTROM SIGN}sa@example.com", "\N{LATIN SMALL LETTER A WITH RING ABOVE}sa@example.com"),
]


def users():
    return get_user_model().objects


def find(email: str):
    try:
        return users().get_by_natural_key(email)
    except get_user_model().DoesNotExist:
        return None


def epoch() -> int:
    return users().get().credential_epoch


# Making one ---------------------------------------------------------------------------------------


def test_a_user_is_nobody_special():
    user = users().create_user(EMAIL, PASSWORD, name="Ada")
    assert (user.is_active, user.is_staff, user.is_superuser) == (True, False, False)
    assert user.email_verified_at is None
    assert user.check_password(PASSWORD)
    assert (user.get_full_name(), user.get_short_name(), str(user)) == ("Ada", "Ada", EMAIL)


def test_a_user_without_a_password_has_none_to_guess():
    user = users().create_user(EMAIL)
    assert not user.has_usable_password()
    assert not user.check_password("")
    assert Api().try_login(EMAIL, PASSWORD, transport="bearer").status_code == 401


def test_the_first_administrator_is_verified():
    user = users().create_superuser(EMAIL, PASSWORD)
    assert user.is_staff
    assert user.is_superuser
    assert user.email_verified_at is not None
    Api().login()


def test_createsuperuser_asks_nothing_where_the_environment_says_all(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", interactive=False, email="Ada@EXAMPLE.com", verbosity=0)
    assert users().get().email == "Ada@example.com"
    Api().login()
    with pytest.raises((CommandError, IntegrityError)), transaction.atomic():
        call_command("createsuperuser", interactive=False, email="ADA@example.com", verbosity=0)
    assert users().count() == 1


# The address --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("first", "second"), FOLD_ALIKE)
def test_addresses_that_fold_alike_are_one(first, second):
    user = users().create_user(first)
    assert find(second) == user
    with pytest.raises(IntegrityError), transaction.atomic():
        users().create_user(second)


def test_the_key_follows_the_address():
    user = users().create_user(EMAIL)
    user.email = "Grace@EXAMPLE.com"
    user.save()
    assert find("grace@example.com").email == "Grace@example.com"
    assert find(EMAIL) is None


def test_the_key_follows_the_address_also_where_only_that_is_saved():
    user = users().create_user(EMAIL, name="Ada")
    user.email, user.name = "Grace@EXAMPLE.com", "Grace"
    user.save(update_fields=["email"])
    assert find("grace@example.com").email == "Grace@example.com"
    assert users().get().name == "Ada"


def test_the_key_is_there_after_bulk_create():
    addresses = ["Ada@EXAMPLE.com", "Grace@EXAMPLE.com"]
    users().bulk_create([get_user_model()(email=email) for email in addresses])
    assert find("ada@example.com") is not None
    assert find("grace@example.com") is not None


# The epoch ----------------------------------------------------------------------------------------


@pytest.fixture
def user(make_user):
    return make_user()


def test_a_new_user_starts_at_zero(user):
    assert user.credential_epoch == epoch() == 0


@pytest.mark.parametrize("update_fields", [None, ["password"], ["password", "name"]])
def test_a_saved_password_counts_once(user, update_fields):
    user.set_password(NEW)
    user.save(update_fields=update_fields)
    assert user.credential_epoch == epoch() == 1
    user.save()
    assert user.credential_epoch == epoch() == 1


def test_each_change_counts(user):
    for expected in (1, 2, 3):
        user.set_password(NEW)
        user.save()
        assert user.credential_epoch == epoch() == expected


def test_two_stale_instances_count_twice(user):
    one, other = users().get(), users().get()
    for each in (one, other):
        each.set_password(NEW)
        each.save()
    assert epoch() == 2


def test_losing_the_password_counts(user):
    user.set_unusable_password()
    user.save()
    assert epoch() == 1


def test_a_stale_instance_cannot_turn_the_epoch_back(user):
    stale = users().get()
    user.set_password(NEW)
    user.save()
    stale.name = "Ada L."
    stale.save(update_fields=["name"])
    assert epoch() == 1


def test_a_profile_save_does_not_count(user):
    user.name = "Ada L."
    user.save()
    user.save(update_fields=["name"])
    assert user.credential_epoch == epoch() == 0


def test_a_password_that_is_not_among_the_saved_fields_counts_when_it_is(user):
    user.set_password(NEW)
    user.save(update_fields=["name"])
    assert epoch() == 0
    user.save()
    assert epoch() == 1


def test_a_rehash_does_not_count(user):
    older = make_password(PASSWORD, hasher="pbkdf2_sha256")
    users().update(password=older, credential_epoch=0)
    assert users().get().check_password(PASSWORD)
    assert users().get().password.startswith("argon2")
    assert epoch() == 0


def test_an_asynchronous_rehash_does_not_count_either(user):
    older = make_password(PASSWORD, hasher="pbkdf2_sha256")
    users().update(password=older, credential_epoch=0)
    assert async_to_sync(users().get().acheck_password)(PASSWORD)
    assert users().get().password.startswith("argon2")
    assert epoch() == 0


def test_the_session_hash_follows_the_epoch_and_not_the_rehash(user):
    before = user.get_session_auth_hash()
    older = make_password(PASSWORD, hasher="pbkdf2_sha256")
    users().update(password=older, credential_epoch=0)
    rehashed = users().get()
    rehashed.check_password(PASSWORD)
    assert rehashed.get_session_auth_hash() == before
    rehashed.set_password(PASSWORD)
    rehashed.save()
    assert rehashed.get_session_auth_hash() != before


def test_a_password_changed_in_a_shell_ends_sessions_at_once(user, door):
    user.set_password(NEW)
    user.save()
    assert door.get("/users/profile").status_code == 401
    assert door.refresh().status_code == 401


def test_a_deactivation_in_a_shell_ends_sessions_at_once(user, door):
    users().filter(pk=user.pk).update(is_active=False)
    assert door.get("/users/profile").status_code == 401
    assert door.refresh().status_code == 401


def test_a_stale_copy_does_not_bring_the_old_password_back(user):
    stale = type(user).objects.get(pk=user.pk)
    user.set_password("Difference-Engine-1822")
    user.save()
    stale.name = "Countess"
    stale.save()
    now = type(user).objects.get(pk=user.pk)
    assert now.check_password("Difference-Engine-1822")
    assert (now.name, now.credential_epoch) == ("Countess", user.credential_epoch)


def test_a_row_may_still_be_copied_by_inserting_it_anew(user):
    user.pk, user.email = uuid.uuid4(), "grace@example.com"
    user.save(force_insert=True)
    assert type(user).objects.get(email="grace@example.com").check_password(PASSWORD)
