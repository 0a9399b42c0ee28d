"""Admission to hashing: so many at once in a process, a short queue, then 503.

HASHING_SLOTS threads hash, and nobody else. They step back for whoever is logged in: a flood of
logins costs no more memory than their hashes, and no time that others want.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from typing import Any, TypeVar

from accounts.conf import conf
from portcullis.errors import Unavailable

NICENESS = 5

View = TypeVar("View", bound=Callable[..., Any])


class Gate:
    """Admits `slots` at once, while `queue` more wait."""

    def __init__(self, slots: int, queue: int) -> None:
        self._free, self._counting = slots + queue, threading.Lock()
        self._slots = threading.BoundedSemaphore(slots)
        self._threads = ThreadPoolExecutor(slots, "hashing", initializer=_step_back)

    @property
    def is_full(self) -> bool:
        return self._free <= 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """Raises Unavailable where all are taken."""
        self._take_place()
        try:
            yield
        finally:
            self._leave_place()

    @contextmanager
    def slot(self, *, patience: float) -> Iterator[None]:
        """For who has a place. Raises Unavailable where none came free for `patience` s."""
        if not self._slots.acquire(timeout=patience):
            raise Unavailable("passwords are hashed too slowly")
        try:
            yield
        finally:
            self._slots.release()

    def hash(self, work: Callable[[], Any]) -> Any:
        return self._threads.submit(work).result()

    def _take_place(self) -> None:
        with self._counting:
            if self.is_full:
                raise too_many()
            self._free -= 1

    def _leave_place(self) -> None:
        with self._counting:
            self._free += 1


class Here(threading.local):
    gate: Gate | None = None
    """That this thread has a place of."""
    admitted = False
    """Whether it has a slot too."""
    hashes = False
    """Whether this thread is one of a gate's own."""


_here = Here()


def too_many() -> Unavailable:
    return Unavailable("too many passwords to hash")


def hashes_passwords(view: View) -> View:
    """For a class or function that serves a page or an endpoint to everybody: AdmissionMiddleware
    has whoever POSTs there wait in line or refuses them. With `hashes_first` they wait for a slot
    as well, and the view sees one of them after the other."""
    view.hashes_passwords = True  # type: ignore[attr-defined]
    return view


def places() -> int:
    """How many may hash, or wait for it, in one process."""
    return conf().HASHING_SLOTS + conf().HASHING_QUEUE


def is_full() -> bool:
    """Whether who comes now is refused."""
    return _gate().is_full


@contextmanager
def in_line() -> Iterator[Gate]:
    """Hold a place: the slot will come, and who comes after the last place is refused."""
    if _here.gate:
        yield _here.gate
        return
    gate = _gate()
    with gate.place():
        _here.gate = gate
        try:
            yield gate
        finally:
            _here.gate = None


@contextmanager
def admitted() -> Iterator[Gate]:
    """Hold a slot of this process. Whoever has one already keeps it: a verification that leads to
    an upgrade, or a hasher that calls itself, can neither deadlock nor be refused half-way.

    Nothing may be awaited inside: the slot is the thread's.
    """
    with in_line() as gate:
        if _here.admitted:
            yield gate
            return
        with gate.slot(patience=conf().HASHING_PATIENCE):
            _here.admitted = True
            try:
                yield gate
            finally:
                _here.admitted = False


def hash_apart(work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What `work` returns, from a thread that hashes."""
    if _here.hashes:
        return work(*args, **kwargs)
    with admitted() as gate:
        return gate.hash(partial(work, *args, **kwargs))


def _gate() -> Gate:
    return _gate_of(conf().HASHING_SLOTS, conf().HASHING_QUEUE)


@lru_cache(maxsize=1)
def _gate_of(slots: int, queue: int) -> Gate:
    return Gate(slots, queue)


def _step_back() -> None:
    """Only on Linux has a thread a priority of its own."""
    _here.hashes = True
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


if hasattr(os, "register_at_fork"):  # a child has none of its parent's threads
    os.register_at_fork(after_in_child=_gate_of.cache_clear)
