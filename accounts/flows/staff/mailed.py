"""Links that staff have mailed to an account's owner."""

from django.db import transaction

from accounts.base_user import AbstractEmailUser
from accounts.flows.password import order_reset_link
from accounts.flows.staff.authority import CHANGE, lock
from accounts.flows.verification import is_only_invited, send_fresh_link, waits
from accounts.signals import reset_link_sent_by_staff, verification_resent_by_staff
from portcullis.client import Client


def send_reset_link(*, by: AbstractEmailUser, user: AbstractEmailUser, client: Client) -> bool:
    """Mail a reset link to an account's owner; False if it is inactive, or only invited.

    Raises PermissionDenied.
    """
    with transaction.atomic():
        by, locked, _ = lock(by, user, CHANGE)
        if not locked.is_active or is_only_invited(locked):
            return False
        order_reset_link(locked)
        reset_link_sent_by_staff.send(sender=type(locked), user=locked, by=by, client=client)
    return True


def resend_verification(*, by: AbstractEmailUser, user: AbstractEmailUser, client: Client) -> bool:
    """Mail another verification link; False if the account is inactive, closed, verified, or only
    invited.

    Raises PermissionDenied.
    """
    with transaction.atomic():
        by, locked, _ = lock(by, user, CHANGE)
        if not waits(locked):
            return False
        send_fresh_link(user=locked)
        verification_resent_by_staff.send(sender=type(locked), user=locked, by=by, client=client)
    return True
