"""Hashing under attack: so many passwords at once, a short queue, and 503 for the rest."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password, make_password
from django_tasks_db.models import DBTaskResult

from accounts import admission
from accounts.admission import Gate, admitted, hash_apart
from portcullis.errors import Unavailable
from tests.accounts.outside import outside
from tests.doors import PASSWORD, Api, Pages, codes
from tests.hashers import LITTLE, LeastArgon2idHasher

EMAIL = "ada@example.com"
NEW = "Difference-Engine-1822"


class Watched(LeastArgon2idHasher):
    """Counts who hashes at the same time, and goes on when told to."""

    lock = threading.Lock()
    now = most = 0
    may_go_on = threading.Event()

    def encode(self, *args, **kwargs):
        return hash_apart(self._encode, *args, **kwargs)

    def _encode(self, *args, **kwargs):
        with self.lock:
            type(self).now += 1
            type(self).most = max(self.most, self.now)
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
            with pytest.raises(Unavailable):
                make_password(PASSWORD)
        finally:
            Watched.may_go_on.set()
        assert all(check_password(PASSWORD, each.result()) for each in hashing)
        assert Watched.most == 3
        assert check_password(PASSWORD, make_password(PASSWORD))


def test_who_has_waited_long_enough_is_refused_and_leaves_its_place():
    gate = Gate(1, 1)
    with gate.admit(patience=0):
        for _ in range(3):
            with pytest.raises(Unavailable), gate.admit(patience=0):
                pass
    with gate.admit(patience=0):
        pass


def test_an_error_gives_the_slot_back():
    gate = Gate(1, 0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), gate.admit(patience=0):
            raise ZeroDivisionError
    with gate.admit(patience=0):
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


# Through the doors --------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_login_too_many_is_told_to_come_back_whoever_it_is(user, crowd):
    crowd()
    known, unknown = (Api().try_login(email) for email in (EMAIL, "nobody@example.com"))
    assert (known.status_code, codes(known)) == (503, ["unavailable"])
    assert int(known.headers["Retry-After"]) > 0
    assert outside(known) == outside(unknown)
    page = Pages().log_in()
    assert (page.status_code, page.headers["Retry-After"]) == (503, known.headers["Retry-After"])
    crowd.leave()


@pytest.mark.django_db
def test_who_is_logged_in_goes_on_meanwhile(user, crowd):
    api = Api().login()
    crowd()
    assert api.get("/users/profile").status_code == 200
    assert api.refresh().status_code == 200


@pytest.mark.django_db
def test_a_refused_registration_leaves_nothing(crowd):
    crowd()
    assert Api().register().status_code == 503
    assert not get_user_model().objects.exists()
    assert not DBTaskResult.objects.exists()


@pytest.mark.django_db
def test_a_refused_reset_leaves_its_link(user, crowd, mailbox, accounts):
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
