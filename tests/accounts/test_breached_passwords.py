"""Passwords from data breaches: what a service that knows them is asked, and how it may fail."""

import hashlib
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from accounts.passwords import breaches
from tests.accounts.outside import outside
from tests.doors import PASSWORD, Api, Pages, codes, shown

pytestmark = pytest.mark.django_db

BREACHED, OTHER = "Difference-Engine-1822", "Note-G-Bernoulli-1843"
PADDING = "0" * 35 + ":0\r\n"


def digest(password: str) -> str:
    return hashlib.sha1(password.encode()).hexdigest().upper()


class Service(ThreadingHTTPServer):
    """Knows BREACHED, and answers as it is told to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str | None]] = []
        self.status = 200
        self.answer = PADDING + f"{digest(BREACHED)[5:]}:1,912\r\n" + f"{digest(PASSWORD)[5:]}:0"
        self.wakes = threading.Event()
        self.wakes.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/range/"


class Handler(BaseHTTPRequestHandler):
    server: Service

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["Add-Padding"]))
        self.server.wakes.wait()
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.answer.encode())

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def service(accounts) -> Iterator[Service]:
    with Service() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        accounts(BREACHED_PASSWORDS="service", BREACH_SERVICE=server.url)
        yield server
        server.wakes.set()
        if server.asked:
            breaches._client(server.url).client.close()
        breaches.breaker.close()
        server.shutdown()


def register(password: str = PASSWORD, email: str = "ada@example.com"):
    return Api().register(email, password)


def test_a_breached_password_is_refused_by_api_and_page(service):
    assert codes(register(BREACHED)) == ["password_compromised"]
    typed = {"name": "Ada", "email": "ada@example.com", "password": BREACHED}
    assert "known from a data breach" in shown(Pages().send("/accounts/register/", typed))
    assert not get_user_model().objects.exists()
    assert register().status_code == 202  # padding says 0 of it


def test_five_digits_of_the_hash_leave_and_none_is_logged(service, caplog):
    caplog.set_level(logging.INFO)
    register(BREACHED)
    assert service.asked == [(f"/range/{digest(BREACHED)[:5]}", "true")]
    assert digest(BREACHED)[:5] not in caplog.text
    assert BREACHED not in caplog.text


@pytest.mark.parametrize("password", ["weak", "Password1!", "Ada-1815!!", "A1!" + "x" * 126])
def test_nobody_asks_about_what_is_refused_anyway(service, password):
    assert register(password).status_code == 400
    assert service.asked == []


def test_a_taken_address_is_asked_about_like_a_new_one(service, user):
    on_taken, on_new = register(), register(email="new@example.com")
    assert outside(on_taken) == outside(on_new)
    assert len(service.asked) == 2
    on_taken, on_new = register(BREACHED), register(BREACHED, email="newer@example.com")
    assert outside(on_taken) == outside(on_new)


@pytest.mark.parametrize("fault", ["error", "nonsense", "silence", "nobody there"])
def test_a_service_that_fails_is_left_alone_for_a_minute(service, accounts, monkeypatch, fault):
    service.status = 500 if fault == "error" else 200
    if fault == "nonsense":
        service.answer = "<html>:sign in to this network</html>"
    if fault == "silence":
        monkeypatch.setattr(breaches, "PATIENCE", 0.05)
        service.wakes.clear()
    if fault == "nobody there":
        accounts(BREACH_SERVICE="http://127.0.0.1:9/range/")
    assert register(BREACHED).status_code == 202
    accounts(BREACH_SERVICE=service.url)
    service.status, service.answer = 200, f"{digest(OTHER)[5:]}:1"
    service.wakes.set()
    monkeypatch.setattr(breaches, "PATIENCE", 10)

    assert register(OTHER, "eve@example.com").status_code == 202
    asked = [path for path, _ in service.asked]  # the first one, which may still be on its way
    assert f"/range/{digest(OTHER)[:5]}" not in asked
    clock = breaches.monotonic
    monkeypatch.setattr(breaches, "monotonic", lambda: clock() + 60)
    assert codes(register(OTHER, "zoe@example.com")) == ["password_compromised"]


def test_nobody_is_asked_where_the_list_is_chosen(service, accounts):
    accounts(BREACHED_PASSWORDS="list")
    assert register(BREACHED).status_code == 202
    assert service.asked == []


def test_nobody_is_asked_on_a_developers_machine(service, settings):
    settings.DEBUG = True
    assert register(BREACHED).status_code == 202
    assert service.asked == []


@pytest.mark.django_db(transaction=True)
def test_nothing_is_locked_meanwhile(service, user, mailbox, monkeypatch):
    states, ask = [], breaches.is_breached
    monkeypatch.setattr(
        "accounts.passwords.policy.is_breached",
        lambda password: states.append(connection.in_atomic_block) or ask(password),
    )
    Api().post("/auth/forgot-password", {"email": "ada@example.com"})
    token = mailbox.token()
    change = {"current_password": PASSWORD, "new_password": BREACHED}
    answers = [
        register(BREACHED, "new@example.com"),
        Api().post("/auth/reset-password", {"token": token, "password": BREACHED}),
        Api().login().post("/auth/change-password", change),
    ]
    assert [codes(answer) for answer in answers] == [["password_compromised"]] * 3
    assert states == [False] * 3
