"""The roles that every installation has. `migrate` makes them, and brings back those that went."""

import dataclasses
import enum
from typing import Any


class SystemRole(enum.StrEnum):
    ADMIN = "admin"
    """Superusers hold it without having been given it."""
    MODERATOR = "moderator"
    USER = "user"
    """Everybody holds it; nobody is given it, and nobody loses it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Made:
    name: str
    description: str
    rank: int


AS_MADE = {
    SystemRole.USER: Made("User", "Everybody. Held by each account, given to none.", 0),
    SystemRole.MODERATOR: Made("Moderator", "Sees accounts and ends sessions.", 50),
    SystemRole.ADMIN: Made("Administrator", "All that Portcullis has permissions for.", 100),
}


def make_system_roles(roles: Any) -> None:
    """Make those that are missing. `roles` is a manager of Role, which a migration may bring."""
    there = set(roles.filter(slug__in=AS_MADE).values_list("slug", flat=True))
    for slug, made in AS_MADE.items():
        if slug not in there:
            roles.create(slug=slug, **dataclasses.asdict(made))


def computed_roles(user: Any) -> set[str]:
    """What `user` holds without having been given it."""
    return {SystemRole.USER, SystemRole.ADMIN} if user.is_superuser else {SystemRole.USER}
