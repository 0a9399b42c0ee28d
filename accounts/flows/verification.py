"""Prove an address by its mailed link."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import addresses, directory, links
from accounts.base_user import AbstractEmailUser
from accounts.conf import EmailVerification, conf
from accounts.emails import order_link
from accounts.errors import LinkInvalid
from accounts.models import OneTimeToken, Purpose
from accounts.signals import email_verified
from portcullis.client import Client
from tokens.flows import revoke_all
from tokens.models import RevokeReason


def verify_email(*, token: str, client: Client) -> AbstractEmailUser:
    """Spend a verification link; returns its user. Raises LinkInvalid.

    The registration that this link belongs to takes effect and every other one dies. A link that
    carries no registration (asked for again while several competed) verifies the address and
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
    user.is_pending = False
    links.kill(user.pk, *Purpose)
    revoke_all(user=user, reason=RevokeReason.VERIFIED)
    email_verified.send(sender=type(user), user=user, client=client)


def resend_verification(*, email: str) -> None:
    """Mail a fresh link to an unverified account; the same work for any other address.

    It goes to the address as typed where that only looks like the one that was registered first,
    and then carries nothing of that registration.
    """
    user = directory.find(email)
    waiting = user if user and user.is_active and user.email_verified_at is None else None
    own = _only_registration(waiting)
    elsewhere = (
        waiting is not None
        and may_move(waiting)
        and not addresses.same_mailbox(email, waiting.email)
    )
    with transaction.atomic():
        order_link(
            purpose=Purpose.VERIFY_EMAIL,
            user=waiting,
            payload={} if elsewhere else own,
            recipient=addresses.normalize(email) if elsewhere else "",
        )


def may_move(user: AbstractEmailUser) -> bool:
    """Whether proving a look-alike address may take the account there: nobody can be using it."""
    return user.is_pending and conf().EMAIL_VERIFICATION == EmailVerification.MANDATORY


def send_fresh_link(*, user: AbstractEmailUser) -> None:
    """For a login that had the right password but no verified address."""
    with transaction.atomic():
        order_link(purpose=Purpose.VERIFY_EMAIL, user=user, payload=_only_registration(user))


def _only_registration(user: AbstractEmailUser | None) -> dict[str, Any]:
    """What a link that is asked for again may carry: the only registration that there is.

    Where several compete it carries none, for nobody can tell which is the owner's.
    """
    user_id = user.pk if user else links.NOBODY
    live = OneTimeToken.alive().filter(user_id=user_id, purpose=Purpose.VERIFY_EMAIL)
    payloads = [payload for payload in live.values_list("payload", flat=True) if payload]
    if user is None or not user.has_usable_password():
        return {}
    own = {"name": user.name, "password": user.password}
    return own if all(payload == own for payload in payloads) else {}


def _adopt(user: AbstractEmailUser, payload: dict[str, Any], address: str) -> None:
    """Make the account what this registration said, at the very address that it named.

    Look-alike addresses fold to one account, but their mailboxes may be different people's.
    """
    user.email = address
    if "password" in payload:
        user.name, user.password = payload["name"], payload["password"]
    else:
        user.set_unusable_password()
