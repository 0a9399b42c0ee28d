"""One live server for all examples, and the examples beside it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.browser.site import serve
from tests.examples.issuer import Issuer, Login
from tests.examples.service import FILES, Service


@pytest.fixture(scope="session")
def issuer(smtp, tmp_path_factory) -> Iterator[Issuer]:
    directory = tmp_path_factory.mktemp("issuer")
    with serve(directory, smtp_port=smtp.port, TOKEN_ALGORITHM="ES256") as site:
        yield Issuer(site)


@pytest.fixture(scope="session")
def start(request, tmp_path_factory) -> Iterator[Callable[..., Service]]:
    """`start(name, issuer=url)` runs that example until the end of the session."""
    logs = tmp_path_factory.mktemp("logs")
    with ExitStack() as running:

        def start(name: str, *, issuer: str) -> Service:
            directory = request.getfixturevalue("express") if name == "express" else None
            log = logs / f"{name}-{issuer.rpartition(':')[2]}"
            service = Service(name, issuer=issuer, log=log, directory=directory)
            running.callback(service.stop)
            return service.wait()

        yield start


@pytest.fixture(scope="session")
def running(start, issuer) -> Callable[[str], Service]:
    """The example of that name beside the live server, started when first asked for."""
    started: dict[str, Service] = {}

    def find(name: str) -> Service:
        if name not in started:
            started[name] = start(name, issuer=issuer.url)
        return started[name]

    return find


@pytest.fixture(params=FILES)
def name(request) -> str:
    return request.param


@pytest.fixture
def service(name, running) -> Service:
    return running(name)


@pytest.fixture(scope="session")
def login(issuer) -> Login:
    return issuer.log_in()
