"""What staff flows ask of whoever acts, however they were called."""

from functools import partial

import pytest
from django.contrib.auth import get_user_model

from accounts.flows import staff
from portcullis.client import Client
from rbac.errors import PermissionDenied
from tests.admin.conftest import allow
from tests.doors import Api
from tokens.models import Session

pytestmark = pytest.mark.django_db
CLIENT = Client(ip="192.0.2.1")
CHANGE, END = "accounts.change_user", "tokens.change_session"
WHY = {"reason": "Because"}
ACTS = {
    "change": (partial(staff.change_account, changes={"name": "Eve"}), CHANGE),
    "deactivate": (staff.deactivate, CHANGE),
    "send a link": (staff.send_reset_link, CHANGE),
    "send it again": (staff.resend_verification, CHANGE),
    "change the address": (partial(staff.change_email, email="new@example.com", **WHY), CHANGE),
    "lock down": (partial(staff.lock_down, **WHY), CHANGE),
    "end sessions": (staff.end_sessions, END),
}


@pytest.mark.parametrize("act", ACTS)
def test_the_permission_is_judged_as_it_is_now(make_user, user, act):
    Api().login(transport="bearer")
    type(user).objects.filter(pk=user.pk).update(email_verified_at=None)
    flow, code = ACTS[act]
    clerk = make_user("clerk@example.com", is_staff=True)
    allow(clerk, code)
    assert clerk.has_perm(code)  # and is kept on the object, as a request would
    clerk.user_permissions.clear()
    with pytest.raises(PermissionDenied):
        flow(by=clerk, user=user, client=CLIENT)
    assert Session.objects.open().count() == 1
    assert get_user_model().objects.get(pk=user.pk).name == "Ada"
    allow(clerk, code)
    assert flow(by=clerk, user=user, client=CLIENT) in (True, None)


def test_accounts_are_made_by_who_may(make_user):
    def try_to(clerk):
        staff.create_account(by=clerk, email="new@example.com", name="New", client=CLIENT)

    clerk = make_user("clerk@example.com", is_staff=True)
    with pytest.raises(PermissionDenied):
        try_to(clerk)
    allow(clerk, "accounts.add_user")
    clerk = type(clerk).objects.get(pk=clerk.pk)
    assert clerk.has_perm("accounts.add_user")  # and is kept on the object
    for change in ({"is_staff": False}, {"is_active": False}):
        type(clerk).objects.filter(pk=clerk.pk).update(**change)
        with pytest.raises(PermissionDenied):
            try_to(clerk)
        type(clerk).objects.filter(pk=clerk.pk).update(is_staff=True, is_active=True)
    clerk.user_permissions.clear()
    with pytest.raises(PermissionDenied):
        try_to(clerk)
    assert not get_user_model().objects.filter(email="new@example.com").exists()
