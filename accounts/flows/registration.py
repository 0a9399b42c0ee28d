"""Register, telling nobody whether an address is taken."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.db.models import F

from accounts import addresses, directory, links
from accounts.base_user import AbstractEmailUser
from accounts.conf import Registration, conf
from accounts.emails import order_link, order_notice
from accounts.errors import InvitationNeeded, RegistrationClosed
from accounts.flows.verification import may_move
from accounts.models import Purpose
from accounts.passwords import check_password_policy
from accounts.signals import registered, registration_for_taken_address
from portcullis.client import Client
from portcullis.switches import Door, is_off


def registration_mode() -> Registration:
    """As the settings have it, unless operators have closed it."""
    return Registration.CLOSED if is_off(Door.REGISTRATION) else conf().REGISTRATION


def check_open(*, invited: bool = False) -> None:
    """Raises RegistrationClosed, or InvitationNeeded."""
    match registration_mode():
        case Registration.CLOSED as mode:
            raise RegistrationClosed(mode)
        case Registration.INVITE as mode if not invited:
            raise InvitationNeeded(mode)


def register(*, email: str, password: str, name: str, client: Client) -> None:
    """Take a registration. Whoever reads the address decides about it by the link in the mail.

    The name and password travel with this registration's own link and take effect when it is
    spent: who registers somebody else's address first gains nothing by it (pre-hijacking).
    Raises RegistrationClosed, or FieldErrors for a password outside of the policy.
    """
    check_open()
    check_password_policy(password, email=email, name=name)
    encoded = make_password(password)
    try:
        with transaction.atomic():
            _take(email, encoded, name, client)
    except IntegrityError:  # the same address, a moment earlier: now there is a row to find
        with transaction.atomic():
            _take(email, encoded, name, client)


def _take(email: str, encoded: str, name: str, client: Client) -> None:
    """As many statements, whoever has the address: see links.NOBODY and the decoys."""
    user = directory.find(email)
    reserved = links.is_reserved(email)  # in this order: kept before it is given up
    if user is None and not reserved:
        user = get_user_model()(email=email, name=name, password=encoded, is_pending=True)
        user.save(force_insert=True)
        competes = True
    else:
        competes = user is not None and may_compete(user, email)
        contest(user if competes else None)
    if competes:
        order_link(
            purpose=Purpose.VERIFY_EMAIL,
            user=user,
            payload={"name": name, "password": encoded},
            recipient=addresses.normalize(email),
        )
        registered.send(sender=type(user), user=user, client=client)
    elif user and user.is_active:
        links.order(purpose=Purpose.VERIFY_EMAIL, user=None)
        order_notice("address_taken", user=user, client=client, not_me=False, to=user.email)
        registration_for_taken_address.send(sender=type(user), user=user, client=client)
    else:
        order_link(purpose=Purpose.VERIFY_EMAIL, user=None)


def may_compete(user: AbstractEmailUser, email: str) -> bool:
    """Whether a registration may take the place of `user`: only of another registration.

    An account that staff made, or that is in use before it is verified (where that is optional), is
    not handed to a mailbox whose address merely looks like it.
    """
    if not user.is_pending or not user.is_active:
        return False
    return may_move(user) or addresses.same_mailbox(email, user.email)


def contest(user: AbstractEmailUser | None) -> None:
    """Two registrations compete: from now on only a link of its own carries a name and password.

    Not a change of credentials: the epoch stays, and with it the links on their way. Conditional on
    the address being unproven still, for its owner may be proving it right now.
    """
    changes: dict[str, Any] = {"is_contested": True}
    if user is None or may_move(user):  # nobody is using the account: forget the first one
        changes |= {"password": make_password(None), "name": ""}
    get_user_model()._default_manager.filter(
        pk=user.pk if user else links.NOBODY, email_verified_at=None
    ).update(**changes, credential_epoch=F("credential_epoch"))
