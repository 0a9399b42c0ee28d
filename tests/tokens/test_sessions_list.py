"""The list of one's sessions: own and living ones only, in pages, recognisable."""

import base64
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.doors import Api, codes
from tokens.models import Session

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0"
FIELDS = {
    "id",
    "device",
    "ip",
    "created_at",
    "last_used_at",
    "expires_at",
    "remember_me",
    "transport",
    "auth_methods",
    "restriction",
    "current",
}
ENDS = {
    "revoked": lambda now: {"revoked_at": now},
    "idle too long": lambda now: {"expires_at": now},
    "past its absolute end": lambda now: {"absolute_expires_at": now},
    "from before a password change": lambda now: {"epoch": 7},
}


def listed(api: Api) -> list[dict]:
    response = api.get("/auth/sessions")
    assert response.status_code == 200, response.content
    return response.json()["results"]


def many(user, count: int, *, apart: timedelta) -> None:
    now = timezone.now()
    Session.objects.bulk_create(
        Session(
            user=user,
            created_at=now - apart * number,
            expires_at=now + timedelta(days=1),
            absolute_expires_at=now + timedelta(days=1),
            transport="bearer",
            epoch=user.credential_epoch,
        )
        for number in range(1, count + 1)
    )


def pages_from(api: Api, path: str, direction: str) -> list[list[str]]:
    """The ids on that page and on all that its links lead to."""
    pages = []
    while path:
        answer = api.get(path).json()
        pages.append([session["id"] for session in answer["results"]])
        path = (answer[direction] or "").removeprefix("https://portcullis.test/api")
    return pages


def test_a_session_shows_what_the_contract_names(door, transport):
    (session,) = listed(door)
    assert session.keys() == FIELDS
    assert session["id"] == door.sid
    assert session["transport"] == transport
    assert session["auth_methods"] == ["pwd"]
    assert session["remember_me"] is False
    assert session["restriction"] is None
    assert session == door.answer["session"]


def test_exactly_the_asking_session_is_the_current_one(door):
    others = [Api().login(transport="bearer") for _ in range(2)]
    for api in (door, *others):
        assert [each["id"] for each in listed(api) if each["current"]] == [api.sid]


def test_nobody_sees_a_strangers_sessions(door, make_user):
    make_user("eve@example.com")
    eve = Api().login("eve@example.com", transport="bearer")
    assert [session["id"] for session in listed(door)] == [door.sid]
    assert [session["id"] for session in listed(eve)] == [eve.sid]


@pytest.mark.parametrize("end", ENDS)
def test_a_session_that_is_over_is_not_listed(bearer, end):
    other = Api().login(transport="bearer")
    assert len(listed(bearer)) == 2
    Session.objects.filter(pk=other.sid).update(**ENDS[end](timezone.now()))
    assert [session["id"] for session in listed(bearer)] == [bearer.sid]


def test_device_and_address_are_those_of_the_login(user, bearer):
    laptop = Api(**{"User-Agent": FIREFOX, "X-Forwarded-For": "6.6.6.6"})
    laptop.login(transport="bearer")
    newest, oldest = listed(bearer)
    assert (newest["device"], newest["ip"]) == ("Firefox on Windows", "127.0.0.1")
    assert oldest["device"] == "Unknown device"


@pytest.mark.parametrize(
    "agent", ["", "curl/8.0", "a" * 5000, "evil\r\nX: y", "<script>", "\x00", "é" * 500]
)
def test_no_user_agent_breaks_login_or_list(user, agent):
    api = Api(**{"User-Agent": agent}).login(transport="bearer")
    (session,) = listed(api)
    assert 0 < len(session["device"]) <= 100
    assert session["device"].isprintable()


@pytest.mark.parametrize("apart", [timedelta(seconds=1), timedelta(0)])
def test_sixty_sessions_come_in_pages_without_loss_or_repetition(user, bearer, apart):
    many(user, 60, apart=apart)
    forth = pages_from(bearer, "/auth/sessions", "next")
    assert [len(page) for page in forth] == [50, 11]
    everything = [sid for page in forth for sid in page]
    rows = Session.objects.order_by("-created_at", "id").values_list("pk", flat=True)
    assert everything == [str(pk) for pk in rows]


def test_pages_lead_back_too(user, bearer):
    many(user, 60, apart=timedelta(seconds=1))
    first = bearer.get("/auth/sessions").json()
    assert first["previous"] is None
    second = first["next"].removeprefix("https://portcullis.test/api")
    back = pages_from(bearer, second, "previous")
    assert back[1] == [session["id"] for session in first["results"]]


@pytest.mark.parametrize(
    "cursor",
    [
        "garbage",
        "é",
        "%00",
        b"p=garbage",
        b"p=%00",
        b"p=2026-01-01 00:00:00",
        b"p=2026-13-01 00:00:00%2B00:00",
        b"p=2026-01-01 00:00:00%2B23:59",
        b"p=0001-01-01 00:00:00%2B23:59",
        b"p=9999-12-31 23:59:59-23:59",
        b"o=x",
        b"o=999999999999999999",
        b"r=1&p=",
    ],
)
def test_an_invented_cursor_leads_nowhere_or_to_a_page(bearer, cursor):
    if isinstance(cursor, bytes):
        cursor = base64.b64encode(cursor).decode()
    response = bearer.get(f"/auth/sessions?cursor={cursor}")
    assert response.status_code in {200, 404}


def test_the_list_needs_a_session(db):
    assert codes(Api().get("/auth/sessions")) == ["not_authenticated"]
    assert codes(Api().delete(f"/auth/sessions/{uuid.uuid4()}")) == ["not_authenticated"]
