"""One-time links: ordered in a request, armed by the worker, spent exactly once."""

import uuid
from datetime import timedelta
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts import addresses, directory
from accounts.base_user import AbstractEmailUser
from accounts.conf import conf
from accounts.errors import LinkInvalid
from accounts.models import OneTimeToken, Purpose
from portcullis import secrets
from portcullis.conf import conf as portcullis_conf

NOBODY = uuid.UUID(int=0)
"""No user's id: what the same statement is asked for when there is no user."""

PAGES = {
    Purpose.VERIFY_EMAIL: "accounts:verify-email",
    Purpose.RESET_PASSWORD: "accounts:password-reset-confirm",
    Purpose.INVITATION: "accounts:register",
    Purpose.CHANGE_EMAIL: "accounts:email-confirm",
    Purpose.UNDO_EMAIL: "accounts:email-undo",
    Purpose.NOT_ME: "accounts:not-me",
}
SURVIVORS = frozenset({Purpose.UNDO_EMAIL})
"""They outlive changes of the password and the address, or a thief would kill them by one."""


def lifetime(purpose: Purpose) -> timedelta:
    return timedelta(seconds=getattr(conf(), f"{purpose.name}_LIFETIME"))


def order(
    *,
    purpose: Purpose,
    user: AbstractEmailUser | None,
    payload: dict[str, Any] | None = None,
    recipient: str = "",
    reserves: str = "",
) -> OneTimeToken:
    """Insert a link that the worker will arm and mail, by default to the user's address.

    Until then it lives as long as the worker tries: its own life begins when it is mailed.
    Without a user: a decoy, dead from the start. `reserves` is an address that it keeps from
    others.
    """
    now = timezone.now()
    tried_for = timedelta(seconds=portcullis_conf().TASK_RETRY_FOR)
    return OneTimeToken.objects.create(
        purpose=purpose,
        user_id=user.pk if user else None,
        recipient=recipient or (user.email if user else ""),
        state=state_of(user) if user else "",
        payload=payload or {},
        reserves=addresses.fold(reserves),
        created_at=now,
        expires_at=now + max(tried_for, lifetime(purpose)),
        killed_at=None if user else now,
    )


def arm(link_id: str) -> tuple[OneTimeToken, str] | None:
    """Give a live link a fresh secret and return both; None if it died before it was mailed.

    A second call (a retried task) replaces the digest: only the last mail's link works.
    """
    with transaction.atomic():
        link = (
            OneTimeToken.alive()
            .select_for_update(of=("self",))
            .select_related("user")
            .filter(pk=link_id)
            .first()
        )
        if link is None or not _holds(link, link.user):
            return None
        secret = secrets.make_secret()
        link.digest = secrets.digest(secret)
        link.expires_at = timezone.now() + lifetime(Purpose(link.purpose))
        link.save(update_fields=["digest", "expires_at"])
    return link, secret


def find(purpose: Purpose, secret: str) -> OneTimeToken:
    """The live link of that purpose that `secret` opens. Raises LinkInvalid. Spends nothing."""
    link = (
        OneTimeToken.alive()
        .select_related("user")
        .filter(purpose=purpose, digest=secrets.digest(secret))
        .first()
    )
    if link is None or not _holds(link, link.user):
        raise LinkInvalid(purpose)
    return link


def spend(link: OneTimeToken) -> AbstractEmailUser:
    """Use the link up and return its user, locked. Raises LinkInvalid for all but the first.

    Call it in the transaction of what the link allows: the state that the link was ordered for
    is checked again under the lock.
    """
    try:
        user = directory.lock(link.user_id or NOBODY)
    except ObjectDoesNotExist as error:
        raise LinkInvalid("the account was erased meanwhile") from error
    if not _holds(link, user) or not link.spend():
        raise LinkInvalid(link.purpose)
    return user


def kill(user_id: uuid.UUID, *purposes: Purpose) -> None:
    """End the user's live links of those purposes."""
    OneTimeToken.objects.filter(
        user_id=user_id, purpose__in=purposes, spent_at=None, killed_at=None
    ).update(killed_at=timezone.now(), payload={})


def kill_all(user_id: uuid.UUID) -> None:
    """End whatever depends on the password and the address."""
    kill(user_id, *(purpose for purpose in Purpose if purpose not in SURVIVORS))


def kill_invitations(user_id: uuid.UUID) -> None:
    """End those that the user has sent: a thief may have."""
    sent = OneTimeToken.alive().filter(invitation__invited_by=user_id)
    sent.update(killed_at=timezone.now(), payload={})


def is_reserved(email: str, *, besides: uuid.UUID = NOBODY) -> bool:
    """Whether a link keeps this address for somebody, other than for the user `besides`."""
    keeping = OneTimeToken.alive().filter(reserves=addresses.fold(email))
    return keeping.exclude(user_id=besides).exists()


def url(link: OneTimeToken, base_url: str, secret: str) -> str:
    """The page that the mail leads to: from settings, never from a request's Host header."""
    return f"{base_url}{reverse(PAGES[Purpose(link.purpose)])}?token={secret}"


def state_of(user: AbstractEmailUser) -> str:
    """What a link depends on: it dies with a change of password or address."""
    return f"{user.credential_epoch}:{secrets.digest(user.email_key)[:40]}"


def _holds(link: OneTimeToken, user: AbstractEmailUser | None) -> bool:
    if user is None or not user.is_active:
        return False
    return link.purpose in SURVIVORS or secrets.same(link.state, state_of(user))
