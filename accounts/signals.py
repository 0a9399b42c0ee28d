"""What happened to accounts, in the past tense. Receivers take `**kwargs`; the arguments hold
ids and rows, never a secret. Success facts are sent inside the transaction of the fact."""

from django.dispatch import Signal

registered = Signal()
"""A registration was taken for a new or unverified address. Arguments: user, client."""

registration_for_taken_address = Signal()
"""Somebody registered an address that has a verified account. Arguments: user, client."""

email_verified = Signal()
"""An address was proven for the first time. Arguments: user, client."""

invited = Signal()
"""Somebody was invited; the link of an address that is not to be had has no user. Arguments:
invitation, by, client."""

invitation_accepted = Signal()
"""An account was made by an invitation, without the roles `withheld`, which its sender may not give
any more. Arguments: invitation, user, withheld, client."""

invitation_withdrawn = Signal()
"""Staff killed an invitation. Arguments: invitation, by, client."""

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

disowned = Signal()
"""An owner said that it was not them: sessions, links and the password are void. What else admits
without a password is for receivers to take. Arguments: user, client."""

email_change_requested = Signal()
"""A user asked to move to another address. Arguments: user, client."""

email_change_to_taken_address = Signal()
"""Somebody wanted to move to an address that has an account. Arguments: user (who has it), client
(None where staff wanted it)."""

email_changed = Signal()
"""An account moved to an address that was proven. Arguments: user, client."""

email_change_undone = Signal()
"""The former address took the account back: what else admits, and was added since that change, is
for receivers to take. Arguments: user, since (when the change was made), client."""

profile_changed = Signal()
"""A user changed their own profile. Arguments: user, fields, client."""

account_closed = Signal()
"""Somebody closed their account. Arguments: user, client."""

account_reopened = Signal()
"""Somebody opened their closed account again. Arguments: user, session, client."""

account_erased = Signal()
"""A closed account's time was up and its rows are gone. Arguments: user_id."""

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

verification_resent_by_staff = Signal()
"""Staff had another verification link mailed. Arguments: user, by, client."""

email_change_ordered_by_staff = Signal()
"""Staff had a link mailed to a new address of somebody. Arguments: user, by, reason, client."""

account_locked_down = Signal()
"""Staff took an account from whoever has it: sessions, links and the password are void. What else
admits without a password is for receivers to take. Arguments: user, by, reason, client."""

group_changed = Signal()
"""A superuser made a group, or changed one. Arguments: group, by, fields, reason, client."""

group_deleted = Signal()
"""A superuser deleted a group, and what it gave is gone. Arguments: name, by, reason, client."""

switch_changed = Signal()
"""Staff closed a door, or opened it again. Arguments: name, off, by, reason, client."""
