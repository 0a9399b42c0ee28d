"""An owner says of what a notice told them: this wasn't me."""

from django.db import transaction

from accounts import links
from accounts.flows.password import order_reset_link
from accounts.models import Purpose
from accounts.signals import disowned
from portcullis.client import Client
from tokens.flows import revoke_all
from tokens.models import RevokeReason


def disown(*, token: str, client: Client) -> None:
    """Spend the link of a notice: end every session, make the password unusable, mail a reset link.

    The password's epoch rises with it, and ends what waits for a further proof of a login. The
    address is the one that the notice was about: if it has changed since, this link is dead, and
    the undo link in the former address's mail is the way. Raises LinkInvalid.
    """
    link = links.find(Purpose.NOT_ME, token)
    with transaction.atomic():
        user = links.spend(link)
        user.set_unusable_password()
        user.save(update_fields=["password"])
        links.kill_all(user.pk)
        links.kill_invitations(user.pk)
        revoke_all(user=user, reason=RevokeReason.DISOWNED)
        order_reset_link(user)
        disowned.send(sender=type(user), user=user, client=client)
