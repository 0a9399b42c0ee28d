"""What the tests of tokens share: the clock, signals as they are heard, a page."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.dispatch import Signal

from tests.doors import Api
from tokens.keyring import ring


@pytest.fixture
def listen() -> Iterator[Callable[[Signal], list[dict[str, Any]]]]:
    """`listen(signal)` is the list of what the signal says from now on."""
    connected = []

    def listen(signal: Signal) -> list[dict[str, Any]]:
        heard: list[dict[str, Any]] = []

        def hear(**facts: Any) -> None:
            heard.append(facts)

        signal.connect(hear, weak=False)
        connected.append((signal, hear))
        return heard

    yield listen
    for signal, hear in connected:
        signal.disconnect(hear)


@pytest.fixture
def warm_ring(db) -> None:
    """The key ring as loaded a moment ago, an unknown kid looked for just now: what follows asks
    the database for no key."""
    ring.forget()
    ring.get("unknown")


@pytest.fixture
def own_ring(db) -> Iterator[None]:
    """For tests that change the ring: the process forgets their keys afterwards."""
    yield
    ring.forget()


@pytest.fixture
def bearer(user) -> Api:
    return Api().login(transport="bearer")


@pytest.fixture
def browser(user) -> Api:
    return Api().login(transport="cookie")


@pytest.fixture
def whoami(settings) -> Callable[[Api], dict[str, Any]]:
    """What a page knows of the visitor: a Django view outside of the API."""
    settings.ROOT_URLCONF = "tests.tokens.pages"
    return lambda api: api.get("//whoami", Authorization=None).json()
