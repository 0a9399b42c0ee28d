"""Mails of accounts: one-time links, and notices to an account's owner.

Nothing that a stranger typed (a name, a password) is in a mail to an address they do not own.
"""

from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.utils import timezone

from accounts import links
from accounts.base_user import AbstractEmailUser
from accounts.models import Purpose
from portcullis import mail
from portcullis.client import Client
from portcullis.conf import conf as portcullis_conf
from portcullis.places import place_of
from portcullis.tasks import retried
from tokens.devices import plain_label


def order_link(
    *,
    purpose: Purpose,
    user: AbstractEmailUser | None,
    payload: dict[str, Any] | None = None,
    recipient: str = "",
    reserves: str = "",
    client: Client | None = None,
) -> None:
    """Order a link and the mail that brings it, in the caller's transaction.

    For `user=None` the same rows are written and nothing is mailed: an address that nobody has
    costs a request as much as one that somebody has. With `client` the mail is a notice too and can
    say from where.
    """
    link = links.order(
        purpose=purpose, user=user, payload=payload, recipient=recipient, reserves=reserves
    )
    mail_link.enqueue(str(link.pk), *([_whence(client)] if client else []))


def order_notice(
    name: str,
    *,
    user: AbstractEmailUser,
    client: Client | None,
    not_me: bool = True,
    to: str = "",
    at: datetime | None = None,
    **facts: str,
) -> None:
    """Order a notice to the owner, in the caller's transaction: what, when, from where, and a link
    for whoever did not do it themselves.

    `client` is None where it was done to the owner by staff, whose whereabouts are not told. `to`
    is where it goes instead of the account's address, proven or not. `facts` reach the template.
    """
    link = links.order(purpose=Purpose.NOT_ME, user=user, recipient=to) if not_me else None
    told = {"link": str(link.pk) if link else None, "to": to, "facts": facts}
    mail_notice.enqueue(name, str(user.pk), _whence(client, at) | told)


@retried
def mail_link(link_id: str, whence: dict[str, Any] | None = None) -> None:
    """Arm the link and mail it to the address that it was ordered for."""
    armed = links.arm(link_id)
    if armed is None:
        return
    link, secret = armed
    mail.send(
        f"accounts/mail/{link.purpose}",
        to=link.recipient,
        context={
            "url": links.url(link, portcullis_conf().BASE_URL, secret),
            "hours": int(links.lifetime(Purpose(link.purpose)).total_seconds() // 3600),
            **(_when_and_where(whence) if whence else {"at": link.created_at}),
        },
    )


@retried
def mail_notice(name: str, user_id: str, told: dict[str, Any]) -> None:
    """Mail what happened, with the way out: the link that was ordered with it, or, if that died
    meanwhile, the page where a reset is asked for.

    An account's address that nobody has proven may be a stranger's, who is not to hear of every
    step of whoever registered with it.
    """
    user = get_user_model()._default_manager.filter(pk=user_id).first()
    if user is None or not (told["to"] or user.email_verified_at):
        return
    mail.send(
        f"accounts/mail/{name}",
        to=told["to"] or user.email,
        context={
            **_when_and_where(told),
            **_way_out(told["link"]),
            **told["facts"],
        },
    )


def _whence(client: Client | None, at: datetime | None = None) -> dict[str, Any]:
    """What a task can carry."""
    return {
        "at": (at or timezone.now()).isoformat(),
        "ip": client.ip if client else None,
        "user_agent": client.user_agent if client else None,
    }


def _when_and_where(whence: dict[str, Any]) -> dict[str, Any]:
    """The same for a template."""
    by_staff = whence["user_agent"] is None
    return {
        "at": datetime.fromisoformat(whence["at"]),
        "by_staff": by_staff,
        "device": "" if by_staff else plain_label(whence["user_agent"]),
        "ip": whence["ip"],
        "place": place_of(whence["ip"]),
    }


def _way_out(link_id: str | None) -> dict[str, Any]:
    armed = links.arm(link_id) if link_id else None
    if armed is None:
        return {}
    link, secret = armed
    return {
        "url": links.url(link, portcullis_conf().BASE_URL, secret),
        "days": links.lifetime(Purpose.NOT_ME).days,
    }
