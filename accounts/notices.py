"""Notices to the owner of what this app and those below it announce; docs/notices.md has the table.

Sent inside the transaction of the fact: no action without its notice, no notice without its action.
"""

from collections.abc import Collection
from typing import Any

from django.dispatch import receiver

from accounts import directory, signals
from accounts.base_user import AbstractEmailUser
from accounts.emails import order_notice
from portcullis.client import Client
from portcullis.tasks import retried
from rbac.models import Role, RoleAssignment
from rbac.signals import role_granted, role_withdrawn
from tokens.devices import device_label, plain_label
from tokens.models import Session
from tokens.signals import reuse_detected, session_opened


@receiver(signals.profile_changed)
def tell_of_profile(
    user: AbstractEmailUser, client: Client, fields: Collection[str], **facts: Any
) -> None:
    if "name" in fields:
        order_notice("name_changed", user=user, client=client)


@receiver(reuse_detected)
def tell_of_reuse(session: Session, client: Client, **facts: Any) -> None:
    of = plain_label(session.user_agent)
    order_notice("session_reuse", user=session.user, client=client, of=of)


@receiver(session_opened)
def look_at_device(session: Session, new_device: bool, **facts: Any) -> None:
    if new_device:
        tell_of_device.enqueue(str(session.pk))


@retried
def tell_of_device(session_id: str) -> None:
    """Another user agent need not be another device: browsers change theirs with each version."""
    session = Session.objects.select_related("user").filter(pk=session_id).first()
    if session is None:
        return
    former = Session.objects.filter(user=session.user, created_at__lt=session.created_at)
    agents = former.values_list("user_agent", flat=True).distinct()
    if device_label(session.user_agent) in map(device_label, agents):
        return
    order_notice(
        "new_device",
        user=session.user,
        client=Client(ip=session.ip, user_agent=session.user_agent),
        at=session.created_at,
    )


@receiver(role_granted)
def tell_of_role(assignment: RoleAssignment, by: Any, client: Client, **facts: Any) -> None:
    user = directory.lock(assignment.user_id)  # as the flow has it already: never from a replica
    role = Role.objects.using(assignment._state.db).get(pk=assignment.role_id)
    _tell("role_given", user, by, client, role=role.slug)


@receiver(role_withdrawn)
def tell_of_role_taken(user_id: Any, slug: str, by: Any, client: Client, **facts: Any) -> None:
    _tell("role_taken", directory.lock(user_id), by, client, role=slug)


@receiver(signals.account_changed)
def tell_of_change(
    user: AbstractEmailUser, by: Any, client: Client, fields: Collection[str], **facts: Any
) -> None:
    if "name" in fields:
        _tell("name_changed", user, by, client)
    if set(fields) - {"name"}:
        _tell("privileges_changed", user, by, client)


@receiver(signals.account_deactivated)
def tell_of_deactivation(user: AbstractEmailUser, **facts: Any) -> None:
    order_notice("account_deactivated", user=user, client=None, not_me=False)


@receiver(signals.account_reactivated)
def tell_of_reactivation(user: AbstractEmailUser, **facts: Any) -> None:
    order_notice("account_reactivated", user=user, client=None)


@receiver(signals.sessions_ended_by_staff)
def tell_of_sessions(user: AbstractEmailUser, by: Any, client: Client, **facts: Any) -> None:
    _tell("sessions_ended", user, by, client)


@receiver(signals.reset_link_sent_by_staff)
def tell_of_reset_link(user: AbstractEmailUser, by: Any, client: Client, **facts: Any) -> None:
    _tell("reset_link_sent", user, by, client)


def _tell(name: str, user: AbstractEmailUser, by: Any, client: Client, **facts: Any) -> None:
    """Whoever did it to themselves is told from where; nobody is told where staff are."""
    own = by is not None and by.pk == user.pk
    order_notice(name, user=user, client=client if own else None, **facts)
