"""What the tests of accounts share: mailed secrets in order, and everything that is stored."""

import re
from collections.abc import Callable
from contextlib import contextmanager

import pytest
from django.apps import apps
from django.dispatch import Signal


@pytest.fixture
def tokens(mailbox) -> Callable[[], list[str]]:
    """The one-time secrets of all links that arrived, oldest first."""

    def found() -> list[str]:
        texts = [mail.get_body(("plain",)).get_content() for mail in mailbox.read()]
        return [token for text in texts for token in re.findall(r"\?token=([\w-]+)", text)]

    return found


@pytest.fixture
def everything_stored(db) -> Callable[[], str]:
    """Every value of every row of every table, as text."""

    def dump() -> str:
        rows = [str(row) for model in apps.get_models() for row in model.objects.values_list()]
        return "\n".join(rows)

    return dump


@pytest.fixture
def accounts(settings) -> Callable[..., None]:
    """Override keys of settings.ACCOUNTS."""

    def override(**keys: object) -> None:
        settings.ACCOUNTS = {**settings.ACCOUNTS, **keys}

    return override


@pytest.fixture
def heard() -> Callable[[Signal], object]:
    """A context that collects the arguments of each sending of a signal."""

    @contextmanager
    def listening(signal: Signal):
        calls: list[dict] = []

        def listen(**arguments: object) -> None:
            calls.append(arguments)

        signal.connect(listen)
        try:
            yield calls
        finally:
            signal.disconnect(listen)

    return listening
