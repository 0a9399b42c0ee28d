"""Admission to hashing: so many at once in a process, a short queue, then 503.

A flood of logins costs no more memory than HASHING_SLOTS hashes and holds no more threads than
queue for one; the other threads go on serving who is logged in.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from accounts.conf import conf
from portcullis.errors import Unavailable


class Gate:
    """Admits `slots` at once, while `queue` more wait."""

    def __init__(self, slots: int, queue: int) -> None:
        self._places = threading.BoundedSemaphore(slots + queue)
        self._slots = threading.BoundedSemaphore(slots)

    @contextmanager
    def admit(self, *, patience: float) -> Iterator[None]:
        """Raises Unavailable where all places are taken, or none came free for `patience` s."""
        if not self._places.acquire(blocking=False):
            raise Unavailable("too many passwords to hash")
        try:
            if not self._slots.acquire(timeout=patience):
                raise Unavailable("passwords are hashed too slowly")
            try:
                yield
            finally:
                self._slots.release()
        finally:
            self._places.release()


_here = threading.local()


@contextmanager
def admitted() -> Iterator[None]:
    """Hold a slot of this process. Whoever has one already keeps it: a verification that leads to
    an upgrade, or a hasher that calls itself, can neither deadlock nor be refused half-way.

    Nothing may be awaited inside: the slot is the thread's.
    """
    if getattr(_here, "admitted", False):
        yield
        return
    gate = _gate(conf().HASHING_SLOTS, conf().HASHING_QUEUE)
    with gate.admit(patience=conf().HASHING_PATIENCE):
        _here.admitted = True
        try:
            yield
        finally:
            _here.admitted = False


@lru_cache(maxsize=1)
def _gate(slots: int, queue: int) -> Gate:
    return Gate(slots, queue)
