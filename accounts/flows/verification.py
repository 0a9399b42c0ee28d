"""Prove an address by its mailed link."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import addresses, directory, links
from accounts.base_user import AbstractEmailUser
from accounts.conf import EmailVerification, conf
from accounts.emails import order_link
from accounts.errors import LinkInvalid
from accounts.models import Purpose
from accounts.signals import email_verified
from portcullis.client import Client
from tokens.flows import revoke_all
from tokens.models import RevokeReason


def verify_email(*, token: str, client: Client) -> AbstractEmailUser:
    """Spend a verification link; returns its user. Raises LinkInvalid.

    The registration that this link carries takes effect and every other one dies. A link that was
    asked for again carries none: it confirms the only one there is, and where several competed it
    leaves no usable password, rather than one that a stranger may have chosen.
    """
    link = links.find(Purpose.VERIFY_EMAIL, token)
    payload = link.payload
    with transaction.atomic():
        user = links.spend(link)
        if user.email_verified_at is not None:
            raise LinkInvalid("verified by other means meanwhile")
        if user.is_pending:
            _adopt(user, payload, link.recipient)
        confirm_address(user, client=client)
        user.save()
    return user


def confirm_address(user: AbstractEmailUser, *, client: Client) -> None:
    """First proof of a locked user's address: whatever was opened before it was proven ends.

    The caller saves the user.
    """
    user.email_verified_at = timezone.now()
    user.is_pending = user.is_contested = False
    links.kill_all(user.pk)
    revoke_all(user=user, reason=RevokeReason.VERIFIED)
    email_verified.send(sender=type(user), user=user, client=client)


def resend_verification(*, email: str) -> None:
    """Mail a fresh link to an unverified account; the same work for any other address.

    It goes to the address as typed where that only looks like the one that was registered first.
    """
    user = directory.find(email)
    waiting = user if user and waits(user) else None
    recipient = addresses.normalize(email) if waiting and may_move(waiting) else ""
    with transaction.atomic():
        order_link(purpose=Purpose.VERIFY_EMAIL, user=waiting, recipient=recipient)


def waits(user: AbstractEmailUser) -> bool:
    """Whether a link is what the account needs to be verified."""
    open_ = user.is_active and user.closed_at is None and user.email_verified_at is None
    return open_ and not is_only_invited(user)


def may_move(user: AbstractEmailUser) -> bool:
    """Whether proving a look-alike address may take the account there: nobody can be using it."""
    return user.is_pending and conf().EMAIL_VERIFICATION == EmailVerification.MANDATORY


def is_only_invited(user: AbstractEmailUser) -> bool:
    """Whether nobody has registered the address: only its invitation makes the account, or one that
    has expired or was withdrawn would be as good."""
    unused = not (user.is_contested or user.has_usable_password() or user.must_change_password)
    return user.is_pending and unused


def send_fresh_link(*, user: AbstractEmailUser) -> None:
    """For a login that had the right password but no verified address."""
    with transaction.atomic():
        order_link(purpose=Purpose.VERIFY_EMAIL, user=user)


def _adopt(user: AbstractEmailUser, payload: dict[str, Any], address: str) -> None:
    """Make the account what this registration said, at the very address that it named.

    Look-alike addresses fold to one account, but their mailboxes may be different people's.
    """
    moved = not addresses.same_mailbox(address, user.email)
    user.email = address
    user.closed_at = None  # by whoever had not proven the address
    if payload:
        user.name, user.password = payload["name"], payload["password"]
    elif moved or user.is_contested:
        user.name = ""
        user.set_unusable_password()
