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
from portcullis.tasks import retried


def order_link(
    *,
    purpose: Purpose,
    user: AbstractEmailUser | None,
    payload: dict[str, Any] | None = None,
    recipient: str = "",
    reserves: str = "",
) -> None:
    """Order a link and the mail that brings it, in the caller's transaction.

    For `user=None` the same rows are written and nothing is mailed: an address that nobody has
    costs a request as much as one that somebody has.
    """
    link = links.order(
        purpose=purpose, user=user, payload=payload, recipient=recipient, reserves=reserves
    )
    mail_link.enqueue(str(link.pk))


def order_notice(
    name: str,
    *,
    user: AbstractEmailUser,
    client: Client,
    not_me: bool = True,
    to: str = "",
    **facts: str,
) -> None:
    """Order a notice to the owner, in the caller's transaction: what, when, from where, and a link
    for whoever did not do it themselves.

    `to` is an address that is not the account's any more. `facts` reach the template.
    """
    link = links.order(purpose=Purpose.NOT_ME, user=user) if not_me else None
    told = {
        "at": timezone.now().isoformat(),
        "ip": client.ip,
        "user_agent": client.user_agent,
        "link": str(link.pk) if link else None,
        "to": to,
        "facts": facts,
    }
    mail_notice.enqueue(name, str(user.pk), told)


@retried
def mail_link(link_id: str) -> None:
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
        },
    )


@retried
def mail_notice(name: str, user_id: str, told: dict[str, Any]) -> None:
    user = get_user_model()._default_manager.filter(pk=user_id).first()
    if user is None:
        return
    mail.send(
        f"accounts/mail/{name}",
        to=told["to"] or user.email,
        context={"at": datetime.fromisoformat(told["at"]), **told["facts"]},
    )
