"""What happened to roles and to who holds them, in the past tense. Sent inside the transaction of
the fact; receivers take `**kwargs`. `by` is `rbac.authority.OPERATOR`, whose `pk` is None, where it
was done in a shell."""

from django.dispatch import Signal

role_created = Signal()
"""A role was made. Arguments: role, by, reason, client."""

role_changed = Signal()
"""A role was changed. Arguments: role, by, fields, reason, client."""

role_deleted = Signal()
"""A role is gone, and with it what its holders had by it. Arguments: slug, by, reason, client."""

role_granted = Signal()
"""Somebody was given a role, or other terms for one. Arguments: assignment, by, reason, client."""

role_withdrawn = Signal()
"""A role was taken from somebody. Arguments: user_id, slug, by, reason, client."""
