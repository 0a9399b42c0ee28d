"""The password as a first factor."""

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, check_password

from accounts import directory
from accounts.errors import InvalidCredentials
from accounts.login import Outcome, announce_failure, begin
from portcullis.client import Client
from tokens.models import Transport

PASSWORD = "pwd"  # noqa: S105  (RFC 8176's name of the method)


def log_in_with_password(
    *, email: str, password: str, client: Client, transport: Transport, remember_me: bool
) -> Outcome:
    """Check the password and walk the pipeline.

    Raises InvalidCredentials, after one hashing whether or not the account exists or has a
    password, so that the answer's time tells nothing.
    """
    user = directory.find(email)
    if user is None:
        check_password(password, UNUSABLE_PASSWORD_PREFIX)  # Django hashes once all the same
        announce_failure(user=None, reason="unknown address", client=client)
        raise InvalidCredentials("unknown address")
    if not user.check_password(password):
        announce_failure(user=user, reason="wrong password", client=client)
        raise InvalidCredentials("wrong password")
    return begin(
        user=user, method=PASSWORD, client=client, transport=transport, remember_me=remember_me
    )
