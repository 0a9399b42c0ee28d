"""What staff do to an account. The admin decides who may open its pages; these decide over whom."""

from accounts.flows.staff.access import (
    deactivate,
    end_session,
    end_sessions,
    lock_down,
    reactivate,
)
from accounts.flows.staff.accounts import (
    PRIVILEGES,
    change_account,
    change_email,
    create_account,
    privileges_of,
)
from accounts.flows.staff.authority import ADD, CHANGE, VIEW
from accounts.flows.staff.mailed import resend_verification, send_reset_link

__all__ = [
    "ADD",
    "CHANGE",
    "PRIVILEGES",
    "VIEW",
    "change_account",
    "change_email",
    "create_account",
    "deactivate",
    "end_session",
    "end_sessions",
    "lock_down",
    "privileges_of",
    "reactivate",
    "resend_verification",
    "send_reset_link",
]
