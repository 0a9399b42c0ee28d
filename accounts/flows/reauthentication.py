"""Prove again that it is still you: step-up for sensitive actions."""

from django.db import transaction

from accounts.base_user import AbstractEmailUser
from accounts.errors import InvalidPassword
from accounts.signals import reauthenticated, reauthentication_failed
from portcullis.client import Client
from tokens.flows import renew
from tokens.models import Session


def reauthenticate(*, session: Session, password: str, client: Client) -> Session:
    """Returns the session renewed: its earlier tokens are dead, its proof is of now.

    Raises InvalidPassword (field `password`), or TokenInvalid if the session ended meanwhile.
    """
    user: AbstractEmailUser = session.user
    if not user.check_password(password):
        reauthentication_failed.send(sender=type(user), user=user, session=session, client=client)
        raise InvalidPassword("wrong password", field="password")
    with transaction.atomic():
        renewed = renew(session, epoch=session.epoch, proven=True)
        reauthenticated.send(sender=type(user), user=user, session=renewed, client=client)
    return renewed
