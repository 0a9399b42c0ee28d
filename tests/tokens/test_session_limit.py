"""MAX_SESSIONS: so many devices, and what the next login does."""

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from rest_framework_simplejwt.exceptions import TokenError

from accounts.signals import login_failed
from tests.doors import Api, codes, shown
from tests.tokens.carrying import PROFILE
from tokens.models import Session
from tokens.signals import session_revoked
from tokens.simplejwt import RefreshToken

pytestmark = pytest.mark.django_db

ELSEWHERE = ["bearer", "cookie", "hybrid"]


@pytest.fixture
def limit(settings):
    def at_most(count: int, policy: str = "end_oldest") -> None:
        settings.TOKENS = {**settings.TOKENS, "MAX_SESSIONS": count, "AT_MAX_SESSIONS": policy}

    return at_most


def log_in(transport: str = "bearer") -> Api:
    return Api().login(transport=transport)


def test_ten_are_the_default(user, later, listen):
    heard = listen(session_revoked)
    devices = []
    for number in range(11):
        devices.append(log_in(ELSEWHERE[number % 3]))
        later(seconds=1)
    assert [device.get(PROFILE).status_code for device in devices] == [401] + [200] * 10
    assert [str(fact["session_id"]) for fact in heard] == [devices[0].sid]
    assert Session.objects.get(pk=devices[0].sid).revoke_reason == "limit"


def test_the_least_recently_used_one_gives_way(user, limit, later):
    limit(2)
    first, second = log_in(), log_in()
    later(minutes=1)
    assert first.refresh().status_code == 200
    third = log_in()
    assert [each.refresh().status_code for each in (first, second, third)] == [200, 401, 200]


def test_sessions_that_are_over_hold_no_place(user, limit, later):
    limit(2)
    first, second = log_in(), log_in()
    assert second.logout().status_code == 204
    log_in()
    assert first.refresh().status_code == 200


def test_another_users_sessions_hold_none_either(user, make_user, limit):
    limit(1)
    make_user("bob@example.com")
    mine = log_in()
    Api().login("bob@example.com", transport="bearer")
    assert mine.get(PROFILE).status_code == 200


def test_a_login_in_the_same_browser_takes_its_own_place(user, limit, later):
    limit(2)
    other, browser = log_in(), log_in("cookie")
    later(minutes=1)
    browser.login()
    assert other.get(PROFILE).status_code == 200
    assert Session.objects.open().count() == 2


def test_a_lower_limit_counts_from_the_next_login_on(user, limit, later):
    for _ in range(4):
        log_in()
        later(seconds=1)
    limit(2)
    log_in()
    assert Session.objects.open().count() == 2


@pytest.mark.parametrize("transport", ELSEWHERE)
def test_by_setting_the_login_is_refused_instead(user, limit, listen, transport):
    limit(1, "refuse")
    device, heard = log_in(), listen(login_failed)
    answer = Api().try_login(transport=transport)
    assert (answer.status_code, codes(answer)) == (403, ["permission_denied"])
    assert "Log out on one of them" in answer.json()["errors"][0]["detail"]
    assert not {"__Host-access", "__Secure-refresh", "__Host-sessionid"} & answer.cookies.keys()
    assert device.get(PROFILE).status_code == 200
    assert Session.objects.count() == 1
    assert [fact["user"] for fact in heard] == [user]


def test_a_refused_login_by_page_says_so(user, limit, pages):
    limit(1, "refuse")
    log_in()
    response = pages.log_in()
    assert response.status_code == 403
    assert "as many devices as allowed" in shown(response)
    assert not pages.signed_in


def test_a_refused_login_leaves_whoever_was_in_that_browser(user, make_user, limit, pages):
    limit(1, "refuse")
    make_user("bob@example.com")
    log_in()
    pages.log_in("bob@example.com")
    assert pages.log_in().status_code == 403
    assert pages.signed_in
    assert "bob@example.com" in shown(pages.visit(reverse("accounts:profile")))


def test_where_it_is_refused_a_browser_may_log_in_anew(user, limit):
    limit(1, "refuse")
    browser = log_in("cookie")
    assert browser.try_login().status_code == 200


def test_for_user_counts_too(user, limit):
    limit(1)
    first = RefreshToken.for_user(user)
    second = RefreshToken.for_user(user)
    assert Session.objects.open().get().pk == second.session().pk
    assert str(first)


def test_for_user_takes_the_lazy_user_of_a_request(user, limit):
    lazy = SimpleLazyObject(lambda: user)
    assert RefreshToken.for_user(lazy).session().user_id == user.pk


def test_a_refusal_of_for_user_leaves_the_callers_transaction_whole(user, limit):
    limit(1, "refuse")
    log_in()
    with transaction.atomic():
        with pytest.raises(TokenError, match="permission_denied"):
            RefreshToken.for_user(user)
        assert Session.objects.open().count() == 1
