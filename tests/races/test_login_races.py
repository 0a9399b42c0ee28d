"""Logins and proofs that meet what happens to their user, or to their session, at that moment."""

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from accounts.flows.reauthentication import reauthenticate
from portcullis.client import Client
from tests.doors import PASSWORD, Api, codes
from tests.races.waiting import holding
from tokens.errors import TokenInvalid
from tokens.flows import renew, revoke_all
from tokens.models import Restriction, RevokeReason, Session

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]

User = get_user_model()
NEW = f"{PASSWORD}-1"
CHANGE = {"current_password": PASSWORD, "new_password": NEW}


def locked(user):
    return lambda: User.objects.select_for_update().get(pk=user.pk)


def test_a_login_in_a_browser_beside_another_one_at_the_limit(user, settings):
    settings.TOKENS = {**settings.TOKENS, "MAX_SESSIONS": 1}
    browser = Api().login(transport="cookie")
    with holding(locked(user)) as start:
        one = start(lambda: Api().try_login(transport="bearer"))
        two = start(lambda: browser.try_login(transport="cookie"))
    assert (one.result().status_code, two.result().status_code) == (200, 200)
    assert Session.objects.open().count() == 1


def test_a_login_in_a_browser_beside_a_password_change(user):
    browser, owner = Api().login(transport="cookie"), Api().login(transport="bearer")
    with holding(locked(user)) as start:
        change = start(lambda: owner.post("/auth/change-password", CHANGE))
        login = start(lambda: browser.try_login(transport="cookie"))
    assert change.result().status_code == 200
    answer = login.result()
    assert (answer.status_code, codes(answer)) == (401, ["invalid_credentials"])
    assert Session.objects.open().count() == 1


def deactivate(user) -> None:
    row = locked(user)()
    row.is_active = False
    row.save()
    revoke_all(user=row, reason=RevokeReason.DEACTIVATED)


def test_a_login_beside_a_deactivation_leaves_nothing_that_comes_alive_again(user):
    with holding(lambda: deactivate(user)) as start:
        login = start(lambda: Api().try_login(transport="bearer"))
    assert codes(login.result()) == ["invalid_credentials"]
    User.objects.update(is_active=True)
    assert not Session.objects.open().exists()


def test_a_login_of_somebody_who_is_deleted_meanwhile(user):
    with holding(lambda: User.objects.filter(pk=user.pk).delete()) as start:
        login = start(lambda: Api().try_login(transport="bearer"))
    assert codes(login.result()) == ["invalid_credentials"]


def test_a_proof_lifts_no_restriction_that_was_set_meanwhile(user, bearer):
    as_read = Session.objects.select_related("user").get()
    Session.objects.update(restriction=Restriction.ENROL_MFA)
    renewed = renew(as_read, epoch=user.credential_epoch, proven=True)
    assert renewed.restriction == Restriction.ENROL_MFA


def test_a_changed_password_takes_back_no_proof(user, bearer):
    as_read, proved = Session.objects.select_related("user").get(), timezone.now()
    Session.objects.update(proved_at=proved)
    assert renew(as_read, epoch=user.credential_epoch).proved_at == proved


def test_a_proof_that_was_overtaken_by_a_new_password_does_not_log_its_owner_out(user, bearer):
    as_read = Session.objects.select_related("user").get()
    bearer.take(bearer.post("/auth/change-password", CHANGE))
    with pytest.raises(TokenInvalid):
        reauthenticate(session=as_read, password=PASSWORD, client=Client())
    assert bearer.refresh().status_code == 200
