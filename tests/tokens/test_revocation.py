"""Whatever ends a session ends it for the very next request; what should not end it does not."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password

from tests.doors import PASSWORD, Api, codes
from tests.tokens.carrying import (
    PROFILE,
    access_token_of,
    by_header,
    refresh_token_of,
    refresh_with,
)
from tokens.models import RevokeReason, Session

NEW_PASSWORD = "Difference-Engine-1822"


def end_by_refresh_cookie(door: Api) -> None:
    token = refresh_token_of(door)
    browser = Api().fetch_csrf()
    browser.client.cookies["__Secure-refresh"] = token
    assert browser.delete("/auth/refresh").status_code == 204


def end_from_elsewhere(door: Api) -> None:
    elsewhere = Api().login(transport="bearer")
    assert elsewhere.delete(f"/auth/sessions/{door.sid}").status_code == 204
    assert elsewhere.get(PROFILE).status_code == 200


def end_itself(door: Api) -> None:
    assert door.delete(f"/auth/sessions/{door.sid}").status_code == 204


def log_out(door: Api) -> None:
    assert door.logout().status_code == 204


def change_password_elsewhere(door: Api) -> None:
    elsewhere = Api().login(transport="bearer")
    change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert elsewhere.post("/auth/change-password", change).status_code == 200


def deactivate(door: Api) -> None:
    assert get_user_model().objects.filter(email="ada@example.com").update(is_active=False)


def set_password_in_a_shell(door: Api) -> None:
    user = get_user_model().objects.get()
    user.set_password(NEW_PASSWORD)
    user.save()


def set_password_by_update_fields(door: Api) -> None:
    user = get_user_model().objects.get()
    user.set_password(NEW_PASSWORD)
    user.save(update_fields=["password"])


def make_password_unusable(door: Api) -> None:
    user = get_user_model().objects.get()
    user.set_unusable_password()
    user.save()


def delete_user(door: Api) -> None:
    get_user_model().objects.all().delete()


def delete_row(door: Api) -> None:
    Session.objects.all().delete()


ENDINGS = [
    log_out,
    end_by_refresh_cookie,
    end_from_elsewhere,
    end_itself,
    change_password_elsewhere,
    deactivate,
    set_password_in_a_shell,
    set_password_by_update_fields,
    make_password_unusable,
    delete_user,
    delete_row,
]


def assert_over(door: Api, access: str, refresh: str) -> None:
    for response in (by_header(access), refresh_with(door, refresh)):
        assert response.status_code == 401
        assert codes(response) == ["token_invalid"]


@pytest.mark.parametrize("end", ENDINGS)
def test_both_tokens_are_refused_from_the_next_request_on(door, end):
    access, refresh = access_token_of(door), refresh_token_of(door)
    assert by_header(access).status_code == 200
    end(door)
    assert_over(door, access, refresh)


def test_a_reset_ends_every_session(door, mailbox):
    others = [Api().login(transport="bearer") for _ in range(2)]
    Api().post("/auth/forgot-password", {"email": "ada@example.com"})
    body = {"token": mailbox.token(), "password": NEW_PASSWORD}
    assert Api().post("/auth/reset-password", body).status_code == 200
    for api in (door, *others):
        assert_over(api, access_token_of(api), refresh_token_of(api))
    reasons = set(Session.objects.values_list("revoke_reason", flat=True))
    assert reasons == {RevokeReason.PASSWORD}


def test_a_password_change_keeps_its_own_session_and_kills_its_earlier_tokens(door):
    access, refresh = access_token_of(door), refresh_token_of(door)
    change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    door.take(door.post("/auth/change-password", change))
    assert door.get(PROFILE).status_code == 200
    assert by_header(access_token_of(door)).status_code == 200
    newest = refresh_token_of(door)
    assert_over(door, access, refresh)
    assert refresh_with(door, newest).status_code == 200


def test_a_failed_password_change_ends_nothing(door):
    elsewhere = Api().login(transport="bearer")
    change = {"current_password": "wrong", "new_password": NEW_PASSWORD}
    assert codes(door.post("/auth/change-password", change)) == ["invalid_password"]
    for api in (door, elsewhere):
        assert by_header(access_token_of(api)).status_code == 200


@pytest.mark.parametrize("hasher", ["pbkdf2_sha256", "bcrypt_sha256"])
def test_a_hash_upgraded_at_login_logs_nobody_out(door, user, hasher, whoami):
    older = make_password(PASSWORD, hasher=hasher)
    type(user).objects.update(password=older, credential_epoch=user.credential_epoch)
    before = whoami(door)["user"]
    Api().login(transport="bearer")
    assert type(user).objects.get().password.startswith("argon2$argon2id$")
    assert by_header(access_token_of(door)).status_code == 200
    assert whoami(door)["user"] == before
    assert door.refresh().status_code == 200


def test_a_new_secret_key_logs_nobody_out_while_the_old_one_is_a_fallback(door, settings, whoami):
    before = whoami(door)["user"]
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the next secret key of the test suite " * 3
    assert by_header(access_token_of(door)).status_code == 200
    assert whoami(door)["user"] == before
    assert door.refresh().status_code == 200


def test_a_changed_profile_logs_nobody_out(door, user):
    elsewhere = Api().login(transport="bearer")
    assert door.patch(PROFILE, {"name": "Countess"}).status_code == 200
    user.refresh_from_db()
    user.name = "Lovelace"
    user.save()
    for api in (door, elsewhere):
        assert by_header(access_token_of(api)).status_code == 200
        assert api.refresh().status_code == 200


def test_reactivation_wakes_a_session_that_nobody_ended(door, user):
    type(user).objects.update(is_active=False)
    assert by_header(access_token_of(door)).status_code == 401
    type(user).objects.update(is_active=True)
    assert by_header(access_token_of(door)).status_code == 200


@pytest.mark.parametrize("id_of", ["a stranger's", "nobody's", "one's own dead", "no UUID"])
def test_a_session_that_is_not_ones_own_and_alive_cannot_be_ended(door, make_user, id_of):
    make_user("eve@example.com")
    eve = Api().login("eve@example.com", transport="bearer")
    dead = Api().login(transport="bearer")
    dead.logout()
    ids = {
        "a stranger's": eve.sid,
        "nobody's": "00000000-0000-4000-8000-000000000000",
        "one's own dead": dead.sid,
        "no UUID": "1",
    }
    response = door.delete(f"/auth/sessions/{ids[id_of]}")
    assert response.status_code == 404
    assert codes(response) == ["not_found"]
    assert eve.get(PROFILE).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        lambda user, new: (setattr(user, "password", new), user.save()),
        lambda user, new: type(user).objects.filter(pk=user.pk).update(password=new),
        lambda user, new: (
            setattr(user, "password", new),
            type(user).objects.bulk_update([user], ["password"]),
        ),
    ],
    ids=["assigned and saved", "update", "bulk_update"],
)
def test_a_password_changed_by_hand_ends_every_session(door, user, change):
    user.refresh_from_db()
    change(user, make_password("Difference-Engine-1822"))
    assert by_header(access_token_of(door)).status_code == 401
