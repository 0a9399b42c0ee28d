"""Hashing under attack: so many passwords at once, a short queue, and 503 for the rest."""

import io
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from email import message_from_bytes
from email.message import Message
from functools import cache, partial
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password, make_password
from django.db import connection
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext
from django_tasks_db.models import DBTaskResult

from accounts import admission
from accounts.admission import Gate, admitted, hash_apart
from accounts.compat import urls as compat
from accounts.middleware import REFUSED
from accounts.wsgi import Bounded, refusal
from config.wsgi import application
from portcullis.errors import Unavailable
from tests.accounts.outside import outside
from tests.doors import ORIGIN, PASSWORD, Api, Pages, codes, shown
from tests.hashers import LITTLE, LeastArgon2idHasher

EMAIL = "ada@example.com"
NEW = "Difference-Engine-1822"
SAFE = {"X-Request-ID", "Retry-After", "X-Content-Type-Options", "Content-Security-Policy"}

urlpatterns = compat.urlpatterns


class Watched(LeastArgon2idHasher):
    """Counts who hashes at the same time, and goes on when told to."""

    lock = threading.Lock()
    now = most = 0
    begun = threading.Semaphore(0)
    may_go_on = threading.Event()

    def encode(self, *args, **kwargs):
        return hash_apart(self._encode, *args, **kwargs)

    def _encode(self, *args, **kwargs):
        with self.lock:
            type(self).now += 1
            type(self).most = max(self.most, self.now)
        self.begun.release()
        self.may_go_on.wait()
        with self.lock:
            type(self).now -= 1
        return super().encode(*args, **kwargs)


class Full(Gate):
    """A gate that tells when all its places are taken."""

    def __init__(self, slots: int, queue: int, *, then: Callable[[], None]) -> None:
        super().__init__(slots, queue)
        self._then = then

    def _take_place(self) -> None:
        super()._take_place()
        if self.is_full:
            self._then()


@pytest.fixture
def crowd(accounts) -> Iterator[Callable[..., None]]:
    """`crowd()` takes all places for hashing."""
    leave, there = threading.Event(), threading.Semaphore(0)

    def hold() -> None:
        with admitted():
            there.release()
            leave.wait()

    with ThreadPoolExecutor(2) as threads:

        def come() -> None:
            accounts(HASHING_SLOTS=2, HASHING_QUEUE=0)
            for _ in range(2):
                threads.submit(hold)
            for _ in range(2):
                assert there.acquire(timeout=10)

        yield come
        leave.set()


def asked(path: str, *lines: str, server: Any = application) -> tuple[str, Message, bytes]:
    """Status line, headers and body of a refusal to a POST with such lines in its head."""
    head = "".join(f"{line}\r\n" for line in (f"POST {path} HTTP/1.1", *lines, ""))
    start, _, content = refusal(server, path, head.encode()).partition(b"\r\n\r\n")
    status, _, headers = start.partition(b"\r\n")
    return status.decode(), message_from_bytes(headers), content


# The gate -----------------------------------------------------------------------------------------


def test_as_many_as_slots_and_queue_are_admitted_and_the_next_refused(
    settings, accounts, monkeypatch
):
    settings.PASSWORD_HASHERS = [f"{__name__}.Watched"]
    accounts(HASHING_SLOTS=3, HASHING_QUEUE=4, HASHING_PATIENCE=60)
    Watched.may_go_on.clear()
    all_in = threading.Event()
    monkeypatch.setattr(admission, "_gate_of", cache(lambda *size: Full(*size, then=all_in.set)))
    with ThreadPoolExecutor(7) as threads:
        hashing = [threads.submit(make_password, PASSWORD) for _ in range(7)]
        try:
            assert all_in.wait(10)
            assert all(Watched.begun.acquire(timeout=10) for _ in range(3))
            with pytest.raises(Unavailable):
                make_password(PASSWORD)
        finally:
            Watched.may_go_on.set()
        assert all(check_password(PASSWORD, each.result()) for each in hashing)
        assert Watched.most == 3
        assert check_password(PASSWORD, make_password(PASSWORD))


@pytest.mark.parametrize(
    "wait", [Gate.place, partial(Gate.slot, patience=0)], ids=["place", "slot"]
)
def test_who_is_refused_or_fails_leaves_nothing_taken(wait):
    gate = Gate(1, 0)
    for _ in range(3):
        with suppress(ZeroDivisionError), wait(gate):
            with pytest.raises(Unavailable), wait(gate):
                pass
            raise ZeroDivisionError
    with wait(gate):
        pass


@pytest.mark.parametrize("algorithm", ["argon2", "bcrypt_sha256", "pbkdf2_sha256"])
def test_no_algorithm_is_let_past(settings, crowd, algorithm):
    settings.PASSWORD_HASHERS = LITTLE
    stored = make_password(PASSWORD, hasher=algorithm)
    crowd()
    with pytest.raises(Unavailable):
        make_password(PASSWORD, hasher=algorithm)
    with pytest.raises(Unavailable):
        check_password(PASSWORD, stored)


def test_who_hashes_steps_back(shipped_hasher):
    def where() -> tuple[str, int]:
        mine = threading.get_native_id() if sys.platform == "linux" else 0
        return threading.current_thread().name, os.getpriority(os.PRIO_PROCESS, mine)

    name, niceness = hash_apart(where)
    assert name.startswith("hashing")
    assert hash_apart(hash_apart, where)[0] == name, "who hashes does not wait for itself"
    if sys.platform == "linux":
        assert niceness == max(where()[1], admission.NICENESS)


PROGRAM = """
import os, threading
import django
django.setup()
from django.contrib.auth.hashers import check_password, make_password
from accounts.admission import hash_apart
stored = make_password("before the fork")
if not (child := os.fork()):
    assert check_password("before the fork", stored)
    os._exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
began = threading.Event()
threading.Thread(target=hash_apart, args=[began.set], daemon=True).start()
began.wait()
print("ends")
"""


def test_a_process_may_fork_and_end():
    """As gunicorn's workers do, whatever its master has hashed before."""
    command = [sys.executable, "-W", "error", "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "ends\n"), done.stderr


# Through the doors --------------------------------------------------------------------------------


FULL = "accounts.middleware.AdmissionMiddleware"
NO_JSON = {"data": "{", "content_type": "application/json", "secure": True}


@pytest.fixture(params=["early", "by the flow"])
def refused(request, settings) -> str:
    """Whether a host project has AdmissionMiddleware or not."""
    if request.param == "by the flow":
        settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != FULL]
    return request.param


@pytest.mark.django_db
def test_a_login_too_many_is_told_to_come_back_whoever_it_is(user, crowd, refused, caplog):
    crowd()
    caplog.clear()
    with CaptureQueriesContext(connection) as queries:
        known, unknown = (Api().try_login(email) for email in (EMAIL, "nobody@example.com"))
        page = Pages().log_in()
    assert (known.status_code, codes(known)) == (503, ["unavailable"])
    assert int(known.headers["Retry-After"]) > 0
    assert outside(known) == outside(unknown)
    assert (page.status_code, page.headers["Retry-After"]) == (503, known.headers["Retry-After"])
    assert not [each["sql"] for each in queries if "accounts_user" in each["sql"]]
    told = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert {(each.name, each.levelname) for each in told} == {("portcullis.problems", "WARNING")}
    assert (len(told), {each.exc_info for each in told}) == (3, {None})


@pytest.mark.parametrize("name", ["login", "register", "reset-password"])
def test_an_endpoint_refuses_before_it_reads_or_asks(crowd, name):
    crowd()
    answer = Client().post(f"/api/auth/{name}", headers={"Origin": ORIGIN}, **NO_JSON)
    assert (answer.status_code, codes(answer)) == (503, ["unavailable"])
    assert answer.headers.keys() >= SAFE


@pytest.mark.parametrize("path", ["login/", "register/", "password/reset/confirm/"])
def test_a_page_refuses_before_it_reads_or_asks(crowd, path):
    crowd()
    page = Client(enforce_csrf_checks=True).post(f"/accounts/{path}", {}, secure=True)
    assert page.status_code == 503
    assert "cannot answer right now" in shown(page)
    assert page.headers.keys() >= SAFE


@pytest.mark.urls("tests.accounts.test_hashing_admission")
def test_simplejwts_clients_are_refused_in_their_words_too(crowd):
    crowd()
    answer = Client().post("/token/", **NO_JSON)
    assert (answer.status_code, codes(answer)) == (503, ["unavailable"])
    assert answer.json()["code"] == "unavailable"
    assert answer.json()["detail"] == answer.json()["errors"][0]["detail"]


@pytest.mark.django_db
def test_a_body_that_does_not_come_holds_no_slot(accounts):
    accounts(HASHING_SLOTS=1, HASHING_QUEUE=1, HASHING_PATIENCE=0)

    class Slow(io.BytesIO):
        def read(self, *size: int) -> bytes:
            assert Api().try_login(transport="bearer").status_code == 401
            return super().read(*size)

    body = Slow(b"{}")
    more = {"wsgi.input": body, "CONTENT_LENGTH": "2", "CONTENT_TYPE": "application/json"}
    assert Client().post("/api/auth/login", secure=True, **more).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_an_asynchronous_server_takes_one_slot_for_a_login(user, accounts):
    accounts(HASHING_SLOTS=1, HASHING_QUEUE=0, HASHING_PATIENCE=0)
    body = {"email": EMAIL, "password": PASSWORD, "transport": "bearer"}
    post = async_to_sync(AsyncClient().post)
    assert post("/api/auth/login", body, "application/json", secure=True).status_code == 200


@pytest.mark.django_db
def test_what_hashes_nothing_is_not_refused(crowd):
    crowd()
    assert Api().post("/auth/forgot-password", {"email": EMAIL}).status_code == 202
    assert Pages().visit("/accounts/login/").status_code == 200
    assert Api().post("/no-such-endpoint").status_code == 404


LOGIN = "/api/auth/login"
UNAVAILABLE = "HTTP/1.1 503 Service Unavailable"


@pytest.mark.django_db  # a request closes connections that are of no use
def test_a_server_repeats_a_refusal(caplog):
    answers = [asked(LOGIN, "Cookie: secret-cookie", "Authorization: secret") for _ in range(2)]
    for status, headers, content in answers:
        assert (status, headers["Connection"]) == (UNAVAILABLE, "close")
        assert set(headers) >= SAFE | {"Strict-Transport-Security"}
        assert int(headers["Content-Length"]) == len(content)
        assert (headers["Content-Type"], int(headers["Retry-After"])) == ("application/json", 5)
        assert json.loads(content)["errors"][0]["code"] == "unavailable"
        assert headers["Set-Cookie"] is None
    ids = [headers["X-Request-ID"] for _, headers, _ in answers]
    assert ids[0] != ids[1]
    assert answers[0][2] == answers[1][2]
    told = [each.getMessage() for each in caplog.records if "path=" in each.getMessage()]
    refused = [line for line in told if line.startswith("refused")]
    assert refused == [f"refused code=unavailable path={LOGIN} request_id={it}" for it in ids]
    assert "secret" not in caplog.text


@pytest.mark.django_db
def test_a_server_repeats_a_page_for_a_page():
    status, headers, content = asked("/accounts/login/")
    assert (status, headers["Content-Type"]) == (UNAVAILABLE, "text/html; charset=utf-8")
    assert b"cannot answer right now" in content
    assert set(headers) >= SAFE


@pytest.mark.django_db
def test_only_a_listed_origin_may_read_a_repeated_refusal(settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]
    allowed = "Access-Control-Allow-Origin"
    for line, told in (
        ("ORIGIN:https://app.example", "https://app.example"),
        ("Origin: https://elsewhere.example", None),
        ("X-Origin: https://app.example", None),
        ("Origin: null", None),
    ):
        assert asked(LOGIN, line)[1][allowed] == told
    assert asked(LOGIN, "", "Origin: https://app.example")[1][allowed] is None, "in the body"


@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request", "500 Internal Server Error"])
def test_a_server_repeats_nothing_but_a_refusal(status):
    def server(environ, start_response):
        start_response(status, [("X-Of-Somebody", "secret"), ("Set-Cookie", "a=b")])
        return [b"of somebody"]

    told, headers, content = asked(LOGIN, server=server)
    assert (told, headers["Content-Type"]) == (UNAVAILABLE, "application/json")
    assert json.loads(content)["errors"][0]["code"] == "unavailable"
    assert (headers["X-Of-Somebody"], headers["Set-Cookie"]) == (None, None)
    assert int(headers["Retry-After"]) > 0


@pytest.mark.django_db
def test_no_path_forges_a_line_of_the_log(caplog):
    asked("/accounts/login/\nrefused")
    assert "path=/accounts/login/\\nrefused" in caplog.text
    assert not [each for each in caplog.messages if "\n" in each]


@pytest.mark.django_db
def test_no_client_can_say_that_it_is_refused(user):
    headers = dict.fromkeys((REFUSED, "accounts-refused", "accounts_refused"), "1")
    body = {"email": EMAIL, "password": PASSWORD, "transport": "bearer"}
    answer = Client().post(LOGIN, body, "application/json", secure=True, headers=headers)
    assert answer.status_code == 200


def test_what_a_server_did_not_recognise_takes_no_more_threads_than_it_may():
    inside, leave = threading.Semaphore(0), threading.Event()

    def server(environ, start_response):
        if REFUSED not in environ and environ["PATH_INFO"] == LOGIN:
            inside.release()
            assert leave.wait(10)
        return REFUSED in environ

    bounded = Bounded(server, 2, apart="lane")

    def ask(path: str = LOGIN, method: str = "POST") -> bool:
        return bounded({"REQUEST_METHOD": method, "PATH_INFO": path}, None)

    with ThreadPoolExecutor(2) as pool, ThreadPoolExecutor(1, "lane") as lane:
        waiting = [pool.submit(ask), pool.submit(ask), lane.submit(ask)]
        try:
            assert all(inside.acquire(timeout=10) for _ in waiting)
            assert ask()
            assert not ask("/api/users/profile")
            assert not ask("/\xff\x00")
        finally:
            leave.set()
        assert [each.result() for each in waiting] == [False] * 3
    assert not ask()


@pytest.mark.django_db
def test_who_is_logged_in_goes_on_meanwhile(user, crowd):
    api = Api().login()
    crowd()
    assert api.get("/users/profile").status_code == 200
    assert api.refresh().status_code == 200


@pytest.mark.django_db
def test_a_refused_registration_leaves_nothing(crowd, refused):
    crowd()
    assert Api().register().status_code == 503
    assert not get_user_model().objects.exists()
    assert not DBTaskResult.objects.exists()


@pytest.mark.django_db
def test_a_refused_reset_leaves_its_link(user, crowd, mailbox, accounts, refused):
    Api().post("/auth/forgot-password", {"email": EMAIL})
    body = {"token": mailbox.token(), "password": NEW}
    crowd()
    assert Api().post("/auth/reset-password", body).status_code == 503
    accounts(HASHING_SLOTS=8)
    assert Api().post("/auth/reset-password", body).status_code == 200
    assert Api().try_login(password=NEW).status_code == 200


@pytest.mark.django_db
def test_a_refused_change_changes_nothing(user, crowd):
    api, before = Api().login(), user.password
    crowd()
    body = {"current_password": PASSWORD, "new_password": NEW}
    assert api.post("/auth/change-password", body).status_code == 503
    user.refresh_from_db()
    assert user.password == before
    assert api.get("/users/profile").status_code == 200


@pytest.mark.django_db
def test_a_login_that_upgrades_needs_one_slot(settings, accounts, user):
    settings.PASSWORD_HASHERS = LITTLE
    stored = make_password(PASSWORD, hasher="pbkdf2_sha256")
    get_user_model().objects.filter(pk=user.pk).update(password=stored)
    accounts(HASHING_SLOTS=1, HASHING_QUEUE=0, HASHING_PATIENCE=0)
    assert Api().try_login(password=NEW).status_code == 401
    assert Api().try_login().status_code == 200
    user.refresh_from_db()
    assert user.password.startswith("argon2$")
