"""The one login pipeline. Every first factor ends here; every stage is walked; nothing else admits.

`begin` takes a proven first factor, `resume` the proof that a stage demanded. Both return an
Outcome that only `accounts.delivery` turns into a session.
"""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts.base_user import AbstractEmailUser
from accounts.conf import conf
from accounts.errors import InvalidCredentials, MfaTokenInvalid
from accounts.models import PendingLogin
from accounts.signals import login_failed
from accounts.stages import Attempt, Demand, Passed, Proof, Restricting, Stage
from portcullis import secrets
from portcullis.client import Client
from portcullis.errors import AuthError
from tokens.models import Restriction, Transport


@dataclasses.dataclass(frozen=True, slots=True)
class Admitted:
    """All stages are passed: this login may become a session."""

    login: Attempt


@dataclasses.dataclass(frozen=True, slots=True)
class Challenged:
    """A stage demands a proof: `ticket` is the secret to come back with, `expires_in` seconds."""

    ticket: str
    methods: tuple[str, ...]
    expires_in: int


Outcome = Admitted | Challenged


def begin(
    *,
    user: AbstractEmailUser,
    method: str,
    client: Client,
    transport: Transport,
    remember_me: bool = False,
) -> Outcome:
    """Walk all stages for a user who has just proven `method`. Raises an AuthError on refusal."""
    attempt = Attempt(user, (method,), client, transport, remember_me)
    with _announced(attempt):
        if not user.is_active:
            raise InvalidCredentials("inactive")
        return _walk(attempt, conf().LOGIN_STAGES)


def resume(*, ticket: str, proof: Proof, client: Client) -> Outcome:
    """Continue the login behind `ticket`. Raises MfaTokenInvalid, or InvalidCode for a wrong proof.

    The attempt is counted before the proof is looked at, and the ticket is spent by one
    conditional update: neither parallel guesses nor parallel right answers get more than one.
    """
    pending = _pending(ticket)
    if not pending.reserve_attempt(conf().TICKET_ATTEMPTS):
        raise MfaTokenInvalid("too many attempts, or spent")
    attempt = Attempt(
        pending.user,
        tuple(pending.auth_methods),
        client,
        Transport(pending.transport),
        pending.remember_me,
        Restriction(pending.restriction) if pending.restriction else None,
    )
    with _announced(attempt):
        proven = _load(pending.stage).prove(attempt, proof)
        if not pending.spend():
            raise MfaTokenInvalid("spent meanwhile")
        remaining = conf().LOGIN_STAGES[conf().LOGIN_STAGES.index(pending.stage) + 1 :]
        return _walk(dataclasses.replace(attempt, methods=(*attempt.methods, *proven)), remaining)


def left_to_do(user: AbstractEmailUser) -> Restriction | None:
    """The step that a session of this user, as they are now, has to do before it is whole."""
    stages = (_load(name) for name in conf().LOGIN_STAGES)
    steps = (stage.restriction(user) for stage in stages if isinstance(stage, Restricting))
    return next(filter(None, steps), None)


def announce_failure(*, user: AbstractEmailUser | None, reason: str, client: Client) -> None:
    """A login was refused: for who listens, in no transaction that the refusal would undo."""
    login_failed.send(sender=get_user_model(), user=user, reason=reason, client=client)


def _walk(attempt: Attempt, stages: tuple[str, ...]) -> Outcome:
    for name in stages:
        match _load(name).judge(attempt):
            case Demand(methods):
                return _challenge(attempt, name, methods)
            case Passed(restriction):
                restriction = attempt.restriction or restriction
                attempt = dataclasses.replace(attempt, restriction=restriction)
    return Admitted(attempt)


def _challenge(attempt: Attempt, stage: str, methods: tuple[str, ...]) -> Challenged:
    ticket = secrets.make_secret()
    PendingLogin.objects.create(
        digest=secrets.digest(ticket),
        user_id=attempt.user.pk,
        epoch=attempt.user.credential_epoch,
        stage=stage,
        auth_methods=list(attempt.methods),
        transport=attempt.transport,
        remember_me=attempt.remember_me,
        restriction=attempt.restriction or "",
        expires_at=timezone.now() + timedelta(seconds=conf().TICKET_LIFETIME),
    )
    return Challenged(ticket, methods, conf().TICKET_LIFETIME)


def _pending(ticket: str) -> PendingLogin:
    pending = (
        PendingLogin.objects.select_related("user")
        .filter(digest=secrets.digest(ticket), spent_at=None, expires_at__gt=timezone.now())
        .first()
    )
    if pending is None:
        raise MfaTokenInvalid("unknown, spent or expired")
    user = pending.user
    if not user.is_active or user.credential_epoch != pending.epoch:
        raise MfaTokenInvalid("deactivated, or its password changed")
    if pending.stage not in conf().LOGIN_STAGES:
        raise MfaTokenInvalid("its stage is gone from the settings")
    return pending


def _load(stage: str) -> Stage:
    loaded: Stage = import_string(stage)()
    return loaded


@contextmanager
def _announced(attempt: Attempt) -> Iterator[None]:
    """Send `login_failed` for a refusal on its way out; no transaction is open to undo it."""
    try:
        yield
    except AuthError as error:
        announce_failure(user=attempt.user, reason=str(error), client=attempt.client)
        raise
