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


class BreachedPasswords(enum.StrEnum):
    SERVICE = "service"
    LIST = "list"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AccountsConf:
    """All durations in seconds."""

    REGISTRATION: Registration = Registration.OPEN
    EMAIL_VERIFICATION: EmailVerification = EmailVerification.MANDATORY
    PASSWORD_POLICY: PasswordPolicy = PasswordPolicy.COMPOSITION
    CONTEXT_WORDS: tuple[str, ...] = ()
    """Names of the company, the site, the place: what passwords are not to be made of."""
    BREACHED_PASSWORDS: BreachedPasswords = BreachedPasswords.SERVICE
    """Whether a service that knows breached passwords is asked (never under `DEBUG`); `list`:
    only the shipped list."""
    BREACH_SERVICE: str = "https://api.pwnedpasswords.com/range/"
    """Where it is: Pwned Passwords, or a mirror of it."""
    HASHING_SLOTS: int = 1
    """Passwords that one process hashes at the same time, at 19 MiB each: cores divided by
    processes."""
    HASHING_QUEUE: int = 20
    """How many more wait for a slot. Whoever comes then is answered 503."""
    HASHING_PATIENCE: float = 5.0
    """So long they wait before they are answered 503 too."""
    LEGACY_HASHES_REMEMBERED: int = 60
    """For so long a process remembers whether there are older hashes, whose cost every failing
    login then bears."""
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
    ERASE_AFTER: int = 30 * DAY
    """A closed account can be reopened for so long; from then on `eraseaccounts` erases it."""
    EXPORTERS: tuple[str, ...] = (
        "accounts.exporters.account",
        "accounts.exporters.logins",
        "accounts.exporters.roles",
        "accounts.exporters.mail",
        "accounts.exporters.staff_log",
    )
    """Dotted functions `(user) -> dict` of named sections: what is stored about a user."""
    ERASERS: tuple[str, ...] = (
        "accounts.erasers.staff_log",
        "accounts.erasers.tasks",
    )
    """Dotted functions `(user) -> None` that erase what does not hang on the user's row."""
    ADMIN_PANELS: tuple[str, ...] = (
        "accounts.admin.panels.sessions",
        "accounts.admin.panels.roles",
    )
    """Dotted functions `(request, user, site) -> Panel or None` that show more on the admin's page
    of a user, in this order."""


conf = loader("ACCOUNTS", AccountsConf)
