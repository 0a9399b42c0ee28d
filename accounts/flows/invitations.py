"""Invite people, and take what they answer: an account at the very address that was invited."""

import logging
from collections.abc import Collection, Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError
from django.utils import timezone

from accounts import addresses, directory, links
from accounts.base_user import AbstractEmailUser
from accounts.emails import mail_link, order_notice
from accounts.errors import LinkInvalid
from accounts.flows.registration import check_open, contest, may_compete
from accounts.flows.verification import confirm_address
from accounts.models import Invitation, OneTimeToken, Purpose
from accounts.passwords import check_password_policy
from accounts.signals import invitation_accepted, invitation_withdrawn, invited
from portcullis.client import Client
from portcullis.errors import AuthError, FieldErrors
from rbac.authority import OPERATOR, check_authority, nobody_else_changes_roles
from rbac.errors import PermissionDenied
from rbac.flows import check_may_grant, grant
from rbac.flows.actor import locked_users, standing_now
from rbac.models import Role

logger = logging.getLogger("portcullis.invitations")

PERMISSION = "accounts.invite_user"
BY_OPERATOR = {"by": "operator"}
OTHER_ADDRESS = "The invitation is for another address."


def invite(*, by: Any, email: str, roles: Collection[str] = (), client: Client) -> Invitation:
    """Mail a link by which an account is made, with roles that `by`, a user or OPERATOR, may give.
    It replaces the address's former one.

    Whether the address is taken is not told: then a decoy is returned, and its owner is told.
    Raises RegistrationClosed, PermissionDenied, or FieldErrors (`roles`).
    """
    check_open(invited=True)
    try:
        return _invite(by, email, roles, client)
    except IntegrityError:  # registered a moment earlier: now there is a row to find
        return _invite(by, email, roles, client)


def accept(*, token: str, email: str, password: str, name: str, client: Client) -> None:
    """Spend an invitation: the account is verified at once. Logs nobody in.

    Roles are judged again: what its sender may not give any more the account is made without.
    Raises RegistrationClosed, LinkInvalid, or FieldErrors (`email`, `password`), which leave the
    invitation as it was.
    """
    check_open(invited=True)
    link = links.find(Purpose.INVITATION, token)
    if addresses.fold(email) != addresses.fold(link.recipient):
        raise FieldErrors({"email": [("other_address", OTHER_ADDRESS)]})
    check_password_policy(password, email=link.recipient, name=name)
    encoded = make_password(password)  # slow: before anything is locked
    with nobody_else_changes_roles():
        invitation = Invitation.objects.select_related("invited_by", "link").get(link=link)
        rows = locked_users(invitation.invited_by, link.user)
        by = _sender(invitation, rows)
        user = links.spend(link)
        if not user.is_pending:
            raise LinkInvalid("the account has its owner already")
        user.email, user.name, user.password = link.recipient, name, encoded
        user.closed_at = None  # by whoever had not proven the address
        confirm_address(user, client=client)
        user.save()
        withheld = _give_roles(invitation, user, by, client)
        invitation_accepted.send(
            sender=Invitation, invitation=invitation, user=user, withheld=withheld, client=client
        )


def withdraw(*, by: AbstractEmailUser, invitation: Invitation, client: Client) -> bool:
    """Kill an invitation; False if it is spent or dead.

    Raises PermissionDenied, also where its sender stands as high.
    """
    with nobody_else_changes_roles():
        rows = locked_users(by, invitation.invited_by)
        standing_now(by, PERMISSION, rows)
        if sender := rows.get(invitation.invited_by_id):
            check_authority(by=rows[by.pk], over=sender)
        live = OneTimeToken.alive().filter(pk=invitation.pk)
        withdrawn = live.update(killed_at=timezone.now(), payload={})
        if withdrawn:
            invitation_withdrawn.send(
                sender=Invitation, invitation=invitation, by=by, client=client
            )
    return bool(withdrawn)


def _sender(invitation: Invitation, rows: Mapping[Any, AbstractEmailUser]) -> Any:
    """Who sent it. Raises LinkInvalid if they may not invite any more, or are gone."""
    by = OPERATOR if invitation.link.payload == BY_OPERATOR else invitation.invited_by
    try:
        standing_now(by, PERMISSION, rows)
    except PermissionDenied as error:
        raise LinkInvalid(f"its sender: {error}") from error
    return by


def _invite(by: Any, email: str, roles: Collection[str], client: Client) -> Invitation:
    with nobody_else_changes_roles():
        known = directory.find(email)
        rows = locked_users(by, known)
        standing_now(by, PERMISSION, rows)
        given = check_may_grant(by=by, roles=roles, rows=rows) if roles else []
        known = rows.get(known.pk) if known else None
        user = _invitee(known, email)
        invitation = _order(user, email, by, given)
        if user is None and known is not None and known.is_active:
            order_notice("invited_anew", user=known, client=None, not_me=False, to=known.email)
        else:
            mail_link.enqueue(str(invitation.pk))
        invited.send(sender=Invitation, invitation=invitation, by=by, client=client)
    return invitation


def _invitee(known: AbstractEmailUser | None, email: str) -> AbstractEmailUser | None:
    """The account that waits for its owner; None if the address is not to be had. As many
    statements, whoever has it."""
    reserved = links.is_reserved(email, besides=known.pk if known else links.NOBODY)
    if known is None and not reserved:
        user: AbstractEmailUser = get_user_model()(email=email, is_pending=True)
        user.set_unusable_password()
        user.save(force_insert=True)
        return user
    contest(None)
    return known if known and not reserved and may_compete(known, email) else None


def _order(
    user: AbstractEmailUser | None, email: str, by: Any, roles: Collection[Role]
) -> Invitation:
    links.kill(user.pk if user else links.NOBODY, Purpose.INVITATION)
    link = links.order(
        purpose=Purpose.INVITATION,
        user=user,
        payload=BY_OPERATOR if by is OPERATOR else {},
        recipient=addresses.normalize(email),
    )
    invitation = Invitation.objects.create(link=link, invited_by_id=by.pk)
    invitation.roles.set(roles)
    return invitation


def _give_roles(
    invitation: Invitation, user: AbstractEmailUser, by: Any, client: Client
) -> list[str]:
    """Returns the slugs of those that were not given."""
    reason = f"Invited on {invitation.link.created_at:%Y-%m-%d}."
    withheld = []
    for slug in invitation.roles.order_by("slug").values_list("slug", flat=True):
        try:
            grant(user=user, role=slug, reason=reason, by=by, client=client)
        except AuthError as error:
            logger.warning("withheld role=%s user=%s reason=%r", slug, user.pk, str(error))
            withheld.append(slug)
    return withheld
