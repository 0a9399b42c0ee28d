"""A user's own profile."""

from django.db import transaction

from accounts.base_user import AbstractEmailUser
from accounts.signals import profile_changed
from portcullis.client import Client


def change_profile(*, user: AbstractEmailUser, client: Client, **changes: str) -> AbstractEmailUser:
    """Set the given fields (`name`). Nothing is written where nothing differs."""
    changed = [field for field, value in changes.items() if getattr(user, field) != value]
    if changed:
        for field in changed:
            setattr(user, field, changes[field])
        with transaction.atomic():
            user.save(update_fields=changed)
            profile_changed.send(sender=type(user), user=user, fields=changed, client=client)
    return user
