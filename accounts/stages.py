"""The stages that a login walks after its first factor."""

import dataclasses
from abc import ABC, abstractmethod
from typing import Protocol

from accounts.base_user import AbstractEmailUser
from accounts.conf import EmailVerification, conf
from accounts.errors import InvalidCode, InvalidCredentials
from accounts.flows.verification import send_fresh_link
from portcullis.client import Client
from tokens.models import Restriction, Transport


@dataclasses.dataclass(frozen=True, slots=True)
class Attempt:
    """A login on its way: who, what was proven (RFC 8176 names), and how it wants its tokens."""

    user: AbstractEmailUser
    methods: tuple[str, ...]
    client: Client
    transport: Transport
    remember_me: bool
    restriction: Restriction | None = None

    @property
    def second_factor(self) -> bool:
        return len(self.methods) > 1


@dataclasses.dataclass(frozen=True, slots=True)
class Passed:
    """Go on; with a restriction, into a session that may do that one step only."""

    restriction: Restriction | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Demand:
    """Stop until one of these methods is proven."""

    methods: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Proof:
    """What a client brings for a demand."""

    method: str
    code: str


class Stage(Protocol):
    def judge(self, attempt: Attempt) -> Passed | Demand:
        """Pass, demand a proof, or refuse by raising an AuthError."""
        ...

    def prove(self, attempt: Attempt, proof: Proof) -> tuple[str, ...]:
        """The methods that `proof` adds to the login. Raises InvalidCode."""
        ...


class VerifiedEmail:
    """Nobody enters before their address is proven, where the project demands it.

    The answer is that of a wrong password; the right one mails a fresh link.
    """

    def judge(self, attempt: Attempt) -> Passed | Demand:
        optional = conf().EMAIL_VERIFICATION == EmailVerification.OPTIONAL
        if optional or attempt.user.email_verified_at is not None:
            return Passed()
        send_fresh_link(user=attempt.user)
        raise InvalidCredentials("address not verified")

    def prove(self, attempt: Attempt, proof: Proof) -> tuple[str, ...]:
        raise InvalidCredentials("a verified address is proven by its link only")


class Restricting(ABC):
    """Lets everybody pass, some into a session that may do one step only. Where several stages
    restrict a login, the first one's step is done first; the next follows from the same facts."""

    @abstractmethod
    def restriction(self, user: AbstractEmailUser) -> Restriction | None:
        """The step that this user has to do, if any."""

    def judge(self, attempt: Attempt) -> Passed | Demand:
        return Passed(self.restriction(attempt.user))

    def prove(self, attempt: Attempt, proof: Proof) -> tuple[str, ...]:
        raise InvalidCode("this stage demands nothing")


class OpenAccount(Restricting):
    """Whoever closed their account reaches only the page that reopens it."""

    def restriction(self, user: AbstractEmailUser) -> Restriction | None:
        return Restriction.REOPEN if user.closed_at else None


class SoundPassword(Restricting):
    """A password that attackers know is changed first."""

    def restriction(self, user: AbstractEmailUser) -> Restriction | None:
        return Restriction.CHANGE_PASSWORD if user.must_change_password else None
