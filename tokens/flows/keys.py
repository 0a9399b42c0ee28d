"""Rotate the signing key: nobody is logged out, unless the key is known to somebody else."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import IntegrityError, router, transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from tokens import keyring
from tokens.conf import conf
from tokens.errors import KeyTooYoung
from tokens.keyring import generate, ring
from tokens.models import KeyState, Session, SigningKey
from tokens.signals import signing_key_created, signing_key_rotated, signing_keys_refused
from tokens.tasks import end_sessions_opened_before

A_SECOND = timedelta(seconds=1)


def make_first_keys(*, using: str | None = None) -> None:
    """Make the active key and the next one where they are missing, at one moment for everybody.

    Two processes at once end up with one pair.
    """
    keys = SigningKey.objects.using(using or router.db_for_write(SigningKey))
    have = set(keys.values_list("state", flat=True))
    missing = [state for state in (KeyState.ACTIVE, KeyState.NEXT) if state not in have]
    if not missing:
        return
    now = timezone.now()
    rows = [generate(conf().ALGORITHM, state=state) for state in missing]
    try:
        with transaction.atomic(using=keys.db):
            for row in rows:
                _add(row, now, using=keys.db)
    except IntegrityError:
        return
    finally:
        ring.forget()


def prepare_next_key(algorithm: str | None = None) -> SigningKey:
    """The key that will sign next, made now if there is none of that algorithm (by default the one
    in use) that opens. One that is replaced has signed nothing."""
    wanted = algorithm or _algorithm_in_use()
    following = _keys().filter(state=KeyState.NEXT).first()
    if following and following.algorithm == wanted and keyring.opens(following):
        return following
    fresh = generate(wanted, state=KeyState.NEXT)
    try:
        with _everything_locked() as held:
            if held.next == following:
                if following:
                    following.delete()
                return _add(fresh, timezone.now())
    except IntegrityError:  # made beside us: no lock could hold it before it existed
        pass
    return prepare_next_key(algorithm)  # somebody was faster


def safe_from(following: SigningKey) -> datetime:
    """When the next key may sign: once every process of ours knows it and, where verifiers
    elsewhere have been reading the published keys, once none of them holds a list without it."""
    active = _keys().filter(state=KeyState.ACTIVE).first()
    if active is None or active.created_at == following.created_at:
        return following.created_at  # born together: nobody ever saw the one without the other
    seen_elsewhere = bool(active.public and following.public)
    published = keyring.RELOAD_AFTER + (conf().JWKS_MAX_AGE if seen_elsewhere else 0)
    return following.created_at + timedelta(seconds=published) + A_SECOND


def rotate_key(*, following: SigningKey) -> bool:
    """Let `following`, the next key, sign from now on, and make another next one.

    The former key verifies until its last token is dead; its private part is thrown away where
    verifying needs none. False if somebody else rotated meanwhile. Raises KeyTooYoung.
    """
    successor = generate(following.algorithm, state=KeyState.NEXT)
    with _everything_locked() as held:
        if held.next is None or held.next.kid != following.kid:
            return False
        now = timezone.now()
        if (safe := safe_from(held.next)) > now:
            raise KeyTooYoung(f"not before {safe}", until=safe)
        if held.active:
            _stop_signing(held.active, now)
        held.next.state, held.next.activated_at = KeyState.ACTIVE, now
        held.next.save(update_fields=["state", "activated_at"])
        _add(successor, now)
        former = held.active.kid if held.active else ""
        signing_key_rotated.send(sender=SigningKey, kid=following.kid, former=former)
    return True


def replace_compromised_keys(*, algorithm: str | None = None) -> list[str]:
    """Refuse every key there is, sign with a new one, and have every session ended.

    Whoever read one key could have read the next one beside it, and earlier the former ones. Their
    tokens are dead from the next request on; the sessions, which nobody could refresh, are ended
    by the worker. Returns the refused kids.
    """
    wanted = algorithm or _algorithm_in_use()
    fresh = [generate(wanted, state=state) for state in (KeyState.ACTIVE, KeyState.NEXT)]
    with _everything_locked():
        now = timezone.now()
        believed = _keys().exclude(state=KeyState.RETIRED)
        refused = list(believed.values_list("kid", flat=True))
        believed.update(state=KeyState.RETIRED, sealed_private="", not_after=_last_token_dies(now))
        for row in fresh:
            _add(row, now)
        end_sessions_opened_before.enqueue(now.isoformat())
        signing_keys_refused.send(sender=SigningKey, kids=refused)
    return refused


@dataclasses.dataclass(frozen=True, slots=True)
class _Held:
    active: SigningKey | None
    next: SigningKey | None


@contextmanager
def _everything_locked() -> Iterator[_Held]:
    """The ring as it is now; nobody else changes it until the transaction is over."""
    with transaction.atomic(using=_keys().db):
        # Oldest first, so that who waits holds nothing that a key added meanwhile could be behind.
        oldest_first = _keys().order_by("created_at", "kid").select_for_update()
        rows = {row.state: row for row in oldest_first}
        yield _Held(rows.get(KeyState.ACTIVE), rows.get(KeyState.NEXT))
        transaction.on_commit(ring.forget, using=_keys().db)
    ring.forget()


def _add(row: SigningKey, now: datetime, *, using: str | None = None) -> SigningKey:
    row.created_at = now
    row.activated_at = now if row.state == KeyState.ACTIVE else None
    row.save(using=using or _keys().db, force_insert=True)
    signing_key_created.send(sender=SigningKey, kid=row.kid, algorithm=row.algorithm)
    return row


def _stop_signing(row: SigningKey, now: datetime) -> None:
    row.state = KeyState.VERIFYING
    row.not_after = _last_token_dies(now)
    if row.public:
        row.sealed_private = ""
    row.save(update_fields=["state", "not_after", "sealed_private"])


def _last_token_dies(now: datetime) -> datetime:
    """Refresh tokens that are out there live as long as their sessions do; other processes sign
    with the former key until they look at the ring again."""
    latest = Session.objects.aggregate(at=Max("expires_at"))["at"] or now
    longest = now + timedelta(seconds=conf().longest_token)
    unaware = timedelta(seconds=conf().LEEWAY + keyring.RELOAD_AFTER) + A_SECOND
    return max(latest, longest) + unaware


def _algorithm_in_use() -> str:
    """Not the setting: forgotten there, HS256 would take the keys from verifiers elsewhere."""
    active = _keys().filter(state=KeyState.ACTIVE).first()
    return active.algorithm if active else conf().ALGORITHM


def _keys() -> QuerySet[SigningKey]:
    return SigningKey.objects.using(router.db_for_write(SigningKey))
