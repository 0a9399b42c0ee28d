"""Hashing under attack: so many passwords at once, a short queue, and 503 for the rest."""

import io
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache, partial

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password, make_password
from django.db import connection
from django.test import AsyncClient, Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django_tasks_db.models import DBTaskResult

from accounts import admission
from accounts.admission import Gate, admitted, hash_apart
from accounts.compat import urls as compat
from accounts.wsgi import AdmissionHandler
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
    """`crowd()` takes all places for hashing, until it is asked to leave."""
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

        come.leave = leave.set
        yield come
        leave.set()


def asked(server: AdmissionHandler, path: str, **more: str) -> tuple[str, dict[str, str], bytes]:
    """Status, headers and body of a POST."""
    answer = []
    environ = RequestFactory().post(path, secure=True, **more).environ
    body = server(environ, lambda status, headers, *_: answer.extend((status, dict(headers))))
    return *answer, b"".join(body)


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


@pytest.mark.django_db(transaction=True)  # as a server has it: connections are closed
def test_the_server_repeats_a_refusal_without_django(crowd, caplog):
    server = AdmissionHandler()
    crowd()
    first, again, stranger, page = (
        asked(server, path, **more)
        for path, more in (
            ("/api/auth/login", {}),
            ("/api/auth/login", {}),
            ("/api/auth/login", {"HTTP_ORIGIN": "https://elsewhere.example"}),
            ("/accounts/login/", {}),
        )
    )
    assert [each[0] for each in (first, again, stranger, page)] == ["503 Service Unavailable"] * 4
    ids = {each[1].pop("X-Request-ID") for each in (first, again, stranger, page)}
    assert len(ids) == 4
    assert first == again == stranger
    assert page[1]["Content-Type"].startswith("text/html")
    assert all(each in caplog.text for each in ids)
    assert caplog.text.count("method=POST path=/api/auth/login") == 2, "the second was repeated"
    crowd.leave()


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
