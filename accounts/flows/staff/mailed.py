"""Links that staff have mailed to an account's owner."""

from django.db import transaction

from accounts.base_user import AbstractEmailUser
from accounts.flows.password import order_reset_link
from accounts.flows.staff.authority import CHANGE, lock
from accounts.flows.verification import send_fresh_link
from accounts.signals import reset_link_sent_by_staff, verification_resent_by_staff
from portcullis.client import Client


def send_reset_link(*, by: AbstractEmailUser, user: AbstractEmailUser, client: Client) -> bool:
    """Mail a reset link to an account's owner; False if it is inactive. Raises PermissionDenied."""
    with transaction.atomic():
        by, locked, _ = lock(by, user, CHANGE)
        if not locked.is_active:
            return False
        order_reset_link(locked)
        reset_link_sent_by_staff.send(sender=type(locked), user=locked, by=by, client=client)
    return True


def resend_verification(*, by: AbstractEmailUser, user: AbstractEmailUser, client: Client) -> bool:
    """Mail another verification link; False if the account is inactive, or verified.

    Raises PermissionDenied.
    """
    with transaction.atomic():
        by, locked, _ = lock(by, user, CHANGE)
        if not locked.is_active or locked.email_verified_at is not None:
            return False
        send_fresh_link(user=locked)
        verification_resent_by_staff.send(sender=type(locked), user=locked, by=by, client=client)
    return True
