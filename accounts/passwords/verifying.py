"""One password against one account, at a cost that does not tell which account it was.

A failing login costs one hash of the preferred algorithm and, while older hashes are stored, one of
every older algorithm of PASSWORD_HASHERS and one of the parameters that Argon2 had before. Without
older hashes it costs one hash, and one statement in LEGACY_HASHES_REMEMBERED seconds.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import (
    UNUSABLE_PASSWORD_PREFIX,
    BasePasswordHasher,
    check_password,
    get_hasher,
    get_hashers,
    identify_hasher,
    make_password,
)
from django.db.models import Q

from accounts.admission import admitted
from accounts.base_user import AbstractEmailUser
from accounts.conf import conf
from accounts.errors import InvalidCredentials

NOBODYS = make_password(None)
"""What is stored where there is no password."""
BLANK = f"{'A' * 22}${'A' * 43}"
"""Salt and digest of no Argon2 hash that anybody has."""


@dataclass(frozen=True, slots=True)
class Legacy:
    """What else is stored: hashes of older algorithms, and of former parameters (a blank one)."""

    algorithms: tuple[BasePasswordHasher, ...] = ()
    former: str = ""


class Memory:
    """What this process knows about older hashes, for a while."""

    def __init__(self) -> None:
        self._legacy = Legacy()
        self._looked_at = -math.inf

    def legacy(self) -> Legacy:
        if monotonic() - self._looked_at >= conf().LEGACY_HASHES_REMEMBERED:
            self._legacy, self._looked_at = _look(), monotonic()
        return self._legacy


_memory = Memory()


def verify(user: AbstractEmailUser | None, password: str) -> bool:
    """Whether it is the user's password; nobody's costs a hash as well.

    Raises Unavailable before anything is hashed: an upgrade is admitted with its verification.
    """
    with admitted():
        return user.check_password(password) if user else check_password(password, NOBODYS)


@contextmanager
def failing_at_one_cost(user: AbstractEmailUser | None, password: str) -> Iterator[None]:
    """Around a login: InvalidCredentials leaves after what the same for another account costs."""
    stored = user.password if user else NOBODYS
    try:
        yield
    except InvalidCredentials:
        upgraded = user is not None and user.password != stored
        _make_up(stored, password, _memory.legacy(), upgraded=upgraded)
        raise


def _make_up(stored: str, password: str, legacy: Legacy, *, upgraded: bool) -> None:
    preferred, own = get_hasher(), _algorithm(stored)
    outdated = own is not None and not stored.startswith(_current(preferred))
    if outdated and not upgraded:
        preferred.encode(password, preferred.salt())
    if legacy.former and not (outdated and own == preferred.algorithm):
        preferred.verify(password, legacy.former)
    for hasher in legacy.algorithms:
        if hasher.algorithm == own:
            hasher.harden_runtime(password, stored)
        else:
            hasher.encode(password, hasher.salt())


def _algorithm(stored: str) -> str | None:
    """None where there is nothing to verify, and Django hashes with the preferred one instead."""
    try:
        return identify_hasher(stored).algorithm
    except ValueError:
        return None


def _current(preferred: BasePasswordHasher) -> str:
    return getattr(preferred, "prefix", f"{preferred.algorithm}$")


def _look() -> Legacy:
    preferred = get_hasher()
    sound = Q(password__startswith=_current(preferred))
    sound |= Q(password__startswith=UNUSABLE_PASSWORD_PREFIX)
    outdated = get_user_model()._default_manager.filter(~sound).order_by()
    if not outdated.exists():
        return Legacy()
    same = Q(password__startswith=f"{preferred.algorithm}$")
    former = outdated.filter(same).values_list("password", flat=True)[:1]
    return Legacy(
        tuple(get_hashers()[1:]) if outdated.exclude(same).exists() else (),
        "".join(f"{each.rsplit('$', 2)[0]}${BLANK}" for each in former),
    )
