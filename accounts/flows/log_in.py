"""The password as a first factor."""

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password

from accounts.base_user import AbstractEmailUser
from accounts.login import Outcome, begin, refuse_credentials
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
    user: AbstractEmailUser | None = get_user_model()._default_manager.find(email)  # type: ignore[attr-defined]
    if user is None:
        check_password(password, None)  # Django hashes once all the same
        raise refuse_credentials(user=None, reason="unknown address", client=client)
    if not user.check_password(password):
        raise refuse_credentials(user=user, reason="wrong password", client=client)
    return begin(
        user=user, method=PASSWORD, client=client, transport=transport, remember_me=remember_me
    )
