"""Move an account to another address, which proves itself first; the former one can undo it."""

from collections.abc import Mapping

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts import addresses, directory, links
from accounts.base_user import AbstractEmailUser
from accounts.conf import EmailVerification, conf
from accounts.emails import mail_link, order_link, order_notice
from accounts.errors import LinkInvalid
from accounts.flows.password import order_reset_link
from accounts.flows.verification import confirm_address
from accounts.models import OneTimeToken, Purpose
from accounts.signals import (
    email_change_requested,
    email_change_to_taken_address,
    email_change_undone,
    email_changed,
)
from portcullis.client import Client
from portcullis.errors import FieldErrors
from rbac.authority import Standing
from rbac.errors import PermissionDenied
from rbac.flows.actor import lock_users, standing_now
from rbac.models import RoleAssignment
from tokens.errors import TokenInvalid
from tokens.flows import revoke_all
from tokens.models import RevokeReason, Session

TAKEN_AWAY = (
    RevokeReason.ENDED,
    RevokeReason.STAFF,
    RevokeReason.OPERATOR,
    RevokeReason.DISOWNED,
    RevokeReason.REUSE,
)
"""Why a session ended that may have been a thief's."""


def request_email_change(*, session: Session, email: str, client: Client) -> None:
    """Mail a link to the new address; until it is spent nothing changes.

    Tells nobody whether the address is taken. Raises FieldErrors (field `email`) for the account's
    own address, or TokenInvalid if the session ended meanwhile.
    """
    with transaction.atomic():
        user = directory.lock(session.user_id)
        if user.credential_epoch != session.epoch:
            raise TokenInvalid("the credentials changed meanwhile")
        if addresses.normalize(email) == user.email:
            raise FieldErrors({"email": [("email_unchanged", "This is your address already.")]})
        order_email_change(user=user, email=email, client=client)
        email_change_requested.send(sender=type(user), user=user, client=client)


def order_email_change(
    *,
    user: AbstractEmailUser,
    email: str,
    client: Client | None,
    staff: AbstractEmailUser | None = None,
) -> None:
    """Replace the pending change of a locked user, in the caller's transaction; by as many
    statements, whoever has the address.

    `staff` is who of them asked for it, without a `client`. For an address that is not to be had
    the link is never mailed, and so never opens anything; to its user it is pending like any other.
    """
    links.kill(user.pk, Purpose.CHANGE_EMAIL)
    proven = user.email if user.email_verified_at else ""
    order_notice("email_change_requested", user=user, client=client, to=proven)
    owner = owner_of(email, besides=user)
    reserved = links.is_reserved(email, besides=user.pk)
    link = links.order(
        purpose=Purpose.CHANGE_EMAIL,
        user=user,
        payload={"staff": str(staff.pk), "epoch": staff.credential_epoch} if staff else {},
        recipient=addresses.normalize(email),
    )
    if owner is not None and owner.is_active:
        order_notice("address_wanted", user=owner, client=client, not_me=False, to=owner.email)
        email_change_to_taken_address.send(sender=type(owner), user=owner, client=client)
    else:
        free = owner is None and not reserved
        mail_link.enqueue(str(link.pk if free else links.NOBODY))


def pending_email(user: AbstractEmailUser) -> str:
    """The address that a change of this account's waits for, or nothing."""
    since = timezone.now() - links.lifetime(Purpose.CHANGE_EMAIL)
    waiting = OneTimeToken.alive().filter(
        user_id=user.pk, purpose=Purpose.CHANGE_EMAIL, created_at__gt=since
    )
    return waiting.values_list("recipient", flat=True).first() or ""


def confirm_email_change(*, token: str, client: Client) -> AbstractEmailUser:
    """Spend the link at the new address. Sessions go on; the former address can undo it.

    Raises LinkInvalid, also if somebody took the address meanwhile.
    """
    link = links.find(Purpose.CHANGE_EMAIL, token)
    try:
        with transaction.atomic():
            rows = _lock(link)
            user = links.spend(link)
            _check_still_wanted(link, user, rows)
            _move(user, link.recipient, client)
    except IntegrityError as error:
        raise LinkInvalid("the address was taken a moment ago") from error
    return user


def undo_email_change(*, token: str, client: Client) -> AbstractEmailUser:
    """Give the account back to the address that it had: whoever reads it decides, not whoever is
    logged in or knows the password.

    Whatever was opened with the account or mailed about it is void, every later undo included; an
    earlier one is not, for its address had the account first. Raises LinkInvalid.
    """
    link = links.find(Purpose.UNDO_EMAIL, token)
    try:
        with transaction.atomic():
            user = links.spend(link)
            abandoned = user.email
            _restore(user, link)
            if abandoned != user.email:
                order_notice(
                    "email_change_undone", user=user, client=client, not_me=False, to=abandoned
                )
            email_change_undone.send(
                sender=type(user), user=user, since=link.created_at, client=client
            )
    except IntegrityError as error:
        raise LinkInvalid("the address is taken, though it was reserved") from error
    return user


def _lock(link: OneTimeToken) -> dict[str, AbstractEmailUser]:
    """The account, the registration that gives way to it, and who of the staff asked, in the order
    of everybody; by their primary keys as text."""
    pending = Q(email_key=addresses.fold(link.recipient), is_pending=True)
    involved = filter(None, (link.user_id, link.payload.get("staff")))
    return {str(row.pk): row for row in lock_users(Q(pk__in=involved) | pending)}


def _check_still_wanted(
    link: OneTimeToken, user: AbstractEmailUser, rows: Mapping[str, AbstractEmailUser]
) -> None:
    """Raises LinkInvalid if a session of the account was taken away since: whoever had it may have
    asked. Or if who of the staff asked may not any more: the account may have risen above them, or
    theirs may have been a thief's."""
    sessions = Session.objects.filter(user_id=user.pk, revoked_at__gte=link.created_at)
    if sessions.filter(revoke_reason__in=TAKEN_AWAY).exists():
        raise LinkInvalid("a session was taken away since")
    if "staff" in link.payload:
        by = rows.get(link.payload["staff"])
        try:
            check_change(by, user)
        except PermissionDenied as error:
            raise LinkInvalid(str(error)) from error
        if by is None or by.credential_epoch != link.payload["epoch"]:
            raise LinkInvalid("the credentials of who asked have changed since")


def check_change(by: AbstractEmailUser | None, user: AbstractEmailUser) -> None:
    """Raises PermissionDenied unless `by` may move the account of `user`, rows as they are now:
    never their own, nor a superuser's."""
    if by is None or by == user or user.is_superuser or not by.is_staff:
        raise PermissionDenied("no staff, or their own account, or a peer's")
    standing_now(by, "accounts.change_user", {by.pk: by}).check_over(Standing.of(user))


def _move(user: AbstractEmailUser, address: str, client: Client) -> None:
    owner = owner_of(address, besides=user)  # in this order: kept before it is given up
    if owner is not None or links.is_reserved(address, besides=user.pk):
        raise LinkInvalid("the address was taken meanwhile")
    if user.closed_at:
        raise LinkInvalid("the account was closed meanwhile")
    _outdo_registrations(address, besides=user)
    former, proven = user.email, user.email_verified_at is not None
    if not proven:
        confirm_address(user, client=client)
    user.email, user.email_verified_at = address, timezone.now()
    user.is_pending = user.is_contested = False
    user.save()
    links.kill_all(user.pk)
    if proven:  # else it may be a stranger's, mistyped, who must not inherit the account
        order_link(
            purpose=Purpose.UNDO_EMAIL,
            user=user,
            recipient=former,
            reserves=former,
            client=client,
        )
    order_notice("email_changed", user=user, client=client)
    email_changed.send(sender=type(user), user=user, client=client)


def owner_of(email: str, *, besides: AbstractEmailUser) -> AbstractEmailUser | None:
    """Who else has the address. Whoever merely registered it has not: or a stranger could keep
    people from an address of theirs."""
    return _others(email, besides).exclude(_gives_way()).first()


def _outdo_registrations(address: str, *, besides: AbstractEmailUser) -> None:
    """The first proof of an address wins, here as among registrations."""
    _others(address, besides).filter(_gives_way()).delete()


def _others(email: str, besides: AbstractEmailUser) -> QuerySet[AbstractEmailUser]:
    everybody: QuerySet[AbstractEmailUser] = get_user_model()._default_manager.all()
    return everybody.exclude(pk=besides.pk).filter(email_key=addresses.fold(email))


def _gives_way() -> Q:
    """A registration that nobody has confirmed, and an account that nobody can have used."""
    if conf().EMAIL_VERIFICATION == EmailVerification.OPTIONAL:
        return Q(pk=None)
    used = Exists(Session.objects.filter(user=OuterRef("pk")))
    trusted = Exists(RoleAssignment.objects.filter(user=OuterRef("pk")))
    plain = Q(is_pending=True, is_active=True, is_staff=False, is_superuser=False)
    return plain & ~Q(used) & ~Q(trusted)


def _restore(user: AbstractEmailUser, link: OneTimeToken) -> None:
    user.email, user.email_verified_at = link.recipient, timezone.now()
    user.set_unusable_password()
    user.save()
    links.kill_all(user.pk)
    OneTimeToken.objects.filter(
        user_id=user.pk,
        purpose=Purpose.UNDO_EMAIL,
        created_at__gt=link.created_at,
        spent_at=None,
        killed_at=None,
    ).update(killed_at=timezone.now(), payload={})
    links.kill_invitations(user.pk)
    revoke_all(user=user, reason=RevokeReason.DISOWNED)
    order_reset_link(user)
