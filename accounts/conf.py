"""Settings of accounts: `settings.ACCOUNTS`."""

import dataclasses
import enum

from portcullis.conf import loader

DAY = 24 * 3600


class Registration(enum.StrEnum):
    OPEN = "open"
    INVITE = "invite"
    CLOSED = "closed"


class EmailVerification(enum.StrEnum):
    MANDATORY = "mandatory"
    OPTIONAL = "optional"


class PasswordPolicy(enum.StrEnum):
    COMPOSITION = "composition"
    STRENGTH = "strength"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AccountsConf:
    """All durations in seconds."""

    REGISTRATION: Registration = Registration.OPEN
    EMAIL_VERIFICATION: EmailVerification = EmailVerification.MANDATORY
    PASSWORD_POLICY: PasswordPolicy = PasswordPolicy.COMPOSITION
    LOGIN_STAGES: tuple[str, ...] = (
        "accounts.stages.VerifiedEmail",
        "accounts.stages.OpenAccount",
        "accounts.stages.SoundPassword",
    )
    """Dotted Stage classes that every login walks after its first factor, in this order."""
    TICKET_LIFETIME: int = 300
    """Life of a login that waits for a further proof."""
    TICKET_ATTEMPTS: int = 5
    """Wrong proofs that end such a login."""
    VERIFY_EMAIL_LIFETIME: int = DAY
    RESET_PASSWORD_LIFETIME: int = 3600
    INVITATION_LIFETIME: int = 7 * DAY
    CHANGE_EMAIL_LIFETIME: int = DAY
    UNDO_EMAIL_LIFETIME: int = 7 * DAY
    """For so long a change of address can be undone, and the former address is kept from others."""
    NOT_ME_LIFETIME: int = 7 * DAY


conf = loader("ACCOUNTS", AccountsConf)
