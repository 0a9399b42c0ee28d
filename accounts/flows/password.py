"""Change a password, set the first one, or replace a forgotten one."""

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts import directory, links
from accounts.base_user import AbstractEmailUser
from accounts.emails import order_link, order_notice
from accounts.errors import InvalidPassword
from accounts.flows.verification import confirm_address, is_only_invited
from accounts.login import left_to_do
from accounts.models import Purpose
from accounts.passwords import check_password_policy
from accounts.signals import password_changed, password_reset, password_reset_requested
from portcullis.client import Client
from portcullis.errors import FieldErrors
from tokens.flows import renew, revoke_all
from tokens.models import Restriction, RevokeReason, Session

HAS_ONE = "This account has a password. Change it instead."


def request_reset(*, email: str, client: Client) -> None:
    """Mail a reset link; the same work for an address that nobody has."""
    user = directory.find(email)
    known = user if user and user.is_active and not is_only_invited(user) else None
    with transaction.atomic():
        order_reset_link(known)
        if known:
            password_reset_requested.send(sender=type(known), user=known, client=client)


def order_reset_link(user: AbstractEmailUser | None) -> None:
    """Have the only reset link of `user` mailed, in the caller's transaction; nobody's costs as
    much."""
    links.kill(user.pk if user else links.NOBODY, Purpose.RESET_PASSWORD)
    order_link(purpose=Purpose.RESET_PASSWORD, user=user)


def reset_password(*, token: str, password: str, client: Client) -> None:
    """Spend a reset link. Ends every session, logs nobody in, leaves second factors in force.

    Raises LinkInvalid, or FieldErrors for a password outside of the policy, which leaves the
    link as it was.
    """
    link = links.find(Purpose.RESET_PASSWORD, token)
    check_password_policy(password, email=link.recipient, name=link.user.name if link.user else "")
    encoded = make_password(password)  # slow: before anything is locked
    with transaction.atomic():
        user = links.spend(link)
        user.password = encoded
        if user.email_verified_at is None:
            confirm_address(user, client=client)
        user.save()
        links.kill_all(user.pk)
        revoke_all(user=user, reason=RevokeReason.PASSWORD)
        order_notice("password_changed", user=user, client=client)
        password_reset.send(sender=type(user), user=user, client=client)


def change_password(*, session: Session, current: str, new: str, client: Client) -> Session:
    """Replace a known password; returns the session renewed, every other one is ended.

    Raises InvalidPassword (field `current_password`) or FieldErrors (field `new_password`).
    """
    user: AbstractEmailUser = session.user
    if not user.check_password(current):
        raise InvalidPassword("wrong current password", field="current_password")
    if new == current:
        raise FieldErrors({"new_password": [("password_unchanged", "This is the current one.")]})
    check_password_policy(new, email=user.email, name=user.name, field="new_password")
    return _replace(session, make_password(new), field="current_password", client=client)


def set_password(*, session: Session, password: str, client: Client) -> Session:
    """Give a password to an account that has none; returns the session renewed, every other one is
    ended.

    Raises FieldErrors (field `password`), also where there is a password to be changed instead.
    """
    user: AbstractEmailUser = session.user
    if user.has_usable_password():
        raise FieldErrors({"password": [("password_exists", HAS_ONE)]})
    check_password_policy(password, email=user.email, name=user.name)
    return _replace(session, make_password(password), field="password", client=client)


def _replace(session: Session, encoded: str, *, field: str, client: Client) -> Session:
    user: AbstractEmailUser = session.user
    with transaction.atomic():
        locked = directory.lock(user.pk)
        if locked.credential_epoch != user.credential_epoch:
            raise InvalidPassword("changed meanwhile", field=field)
        locked.password = encoded
        locked.save(update_fields=["password"])
        links.kill_all(user.pk)
        revoke_all(user=locked, reason=RevokeReason.PASSWORD, keep=session)
        renewed = renew(
            session,
            epoch=locked.credential_epoch,
            done=Restriction.CHANGE_PASSWORD,
            then=left_to_do(locked),
        )
        order_notice("password_changed", user=locked, client=client)
        password_changed.send(sender=type(user), user=locked, session=renewed, client=client)
    return renewed
