"""The password as a first factor."""

from accounts import directory
from accounts.admission import admitted
from accounts.base_user import AbstractEmailUser
from accounts.errors import InvalidCredentials
from accounts.login import Outcome, announce_failure, begin
from accounts.passwords import is_compromised
from accounts.passwords.verifying import failing_at_one_cost, verify
from portcullis.client import Client
from tokens.models import Transport
from tokens.transports import check_open

PASSWORD = "pwd"  # noqa: S105  (RFC 8176's name of the method)


def log_in_with_password(
    *, email: str, password: str, client: Client, transport: Transport, remember_me: bool
) -> Outcome:
    """Check the password and walk the pipeline.

    Raises InvalidCredentials, after the same hashing whatever the account is or has, so that the
    answer's time tells nothing; Unavailable for too many at once, before the user is looked up;
    BearerOff before anything.
    """
    check_open(transport)
    with admitted():
        user = directory.find(email)
        with failing_at_one_cost(user, password):
            user = _check(user, password, client)
            _mark_if_known(user, password)
            return begin(
                user=user,
                method=PASSWORD,
                client=client,
                transport=transport,
                remember_me=remember_me,
            )


def _check(user: AbstractEmailUser | None, password: str, client: Client) -> AbstractEmailUser:
    right = verify(user, password)
    if user is None or not right:
        reason = "wrong password" if user else "unknown address"
        announce_failure(user=user, reason=reason, client=client)
        raise InvalidCredentials(reason)
    return user


def _mark_if_known(user: AbstractEmailUser, password: str) -> None:
    """Attackers try the common ones first: this login, and each until it is changed, leads to a
    change. Conditional on the hash that was checked: it may just have been changed."""
    if not user.must_change_password and is_compromised(password):
        same = type(user)._default_manager.filter(pk=user.pk, password=user.password)
        user.must_change_password = bool(same.update(must_change_password=True))
