"""What happened to accounts, in the past tense. Receivers take `**kwargs`; the arguments hold
ids and rows, never a secret. Success facts are sent inside the transaction of the fact."""

from django.dispatch import Signal

registered = Signal()
"""A registration was taken for a new or unverified address. Arguments: user, client."""

registration_for_taken_address = Signal()
"""Somebody registered an address that has a verified account. Arguments: user, client."""

email_verified = Signal()
"""An address was proven for the first time. Arguments: user, client."""

logged_in = Signal()
"""All stages of a login are passed. Arguments: user, session, client."""

login_failed = Signal()
"""A login was refused. Arguments: user (or None), reason, client."""

reauthenticated = Signal()
"""Somebody proved again who they are. Arguments: user, session, client."""

reauthentication_failed = Signal()
"""A wrong proof inside a session. Arguments: user, session, client."""

password_reset_requested = Signal()
"""A reset link was ordered for an existing account. Arguments: user, client."""

password_changed = Signal()
"""A password was changed by who knew it, or set where there was none. Arguments: user, session,
client."""

password_reset = Signal()
"""A password was replaced through a mailed link. Arguments: user, client."""

profile_changed = Signal()
"""A user changed their own profile. Arguments: user, fields."""

account_created = Signal()
"""Staff made an account for somebody. Arguments: user, by, client."""

account_changed = Signal()
"""Staff changed somebody's profile or privileges. Arguments: user, by, fields, reason, client."""

account_deactivated = Signal()
"""Staff shut an account out. Arguments: user, by, client."""

account_reactivated = Signal()
"""Staff let an account in again. Arguments: user, by, client."""

sessions_ended_by_staff = Signal()
"""Staff ended sessions of somebody. Arguments: user, by, count, client."""

reset_link_sent_by_staff = Signal()
"""Staff had a reset link mailed to an account's owner. Arguments: user, by, client."""

group_changed = Signal()
"""A superuser made a group, or changed one. Arguments: group, by, fields, reason, client."""

group_deleted = Signal()
"""A superuser deleted a group, and what it gave is gone. Arguments: name, by, reason, client."""
