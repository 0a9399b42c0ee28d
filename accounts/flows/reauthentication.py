"""Prove again that it is still you: step-up for sensitive actions."""

from django.db import transaction

from accounts.base_user import AbstractEmailUser
from accounts.errors import InvalidPassword
from accounts.signals import reauthenticated, reauthentication_failed
from portcullis.client import Client
from portcullis.errors import ReauthenticationRequired
from tokens.flows import renew
from tokens.models import Session


def reauthenticate(*, session: Session, password: str, client: Client) -> Session:
    """Returns the session renewed: its earlier tokens are dead, its proof is of now.

    Raises InvalidPassword (field `password`), TokenInvalid if the session ended meanwhile, or
    ReauthenticationRequired where the login took a second factor: a password alone is no proof.
    """
    user: AbstractEmailUser = session.user
    if session.second_factor_at is not None:
        raise ReauthenticationRequired("a second factor is needed")
    if not user.check_password(password):
        reauthentication_failed.send(sender=type(user), user=user, session=session, client=client)
        raise InvalidPassword("wrong password", field="password")
    with transaction.atomic():
        renewed = renew(session, epoch=session.epoch, proven=True)
        reauthenticated.send(sender=type(user), user=user, session=renewed, client=client)
    return renewed
