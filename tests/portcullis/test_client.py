"""Who is calling: only what trusted proxies say, and nothing that a client can forge."""

import pytest
from django.test import RequestFactory

from portcullis.client import Client, client_ip
from tests.doors import ORIGIN, Api

TEN = ("10.0.0.0/8",)
SIX = ("2001:db8::/32",)
ADDRESSES = {
    "no proxy is trusted": ((), "203.0.113.9", "1.2.3.4", "203.0.113.9"),
    "no proxy is trusted, and it says a proxy's": ((), "203.0.113.9", "10.0.0.1", "203.0.113.9"),
    "a stranger plays the proxy": (TEN, "203.0.113.9", "1.2.3.4", "203.0.113.9"),
    "one proxy": (TEN, "10.0.0.1", "198.51.100.7", "198.51.100.7"),
    "a chain of proxies": (TEN, "10.0.0.1", "198.51.100.7, 10.0.0.3, 10.0.0.2", "198.51.100.7"),
    "forged entries on the left": (
        TEN,
        "10.0.0.1",
        "1.1.1.1, 8.8.8.8, 198.51.100.7",
        "198.51.100.7",
    ),
    "a forged proxy on the left": (TEN, "10.0.0.1", "10.9.9.9, 198.51.100.7", "198.51.100.7"),
    "proxies only": (TEN, "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
    "the proxy says nothing": (TEN, "10.0.0.1", None, "10.0.0.1"),
    "the proxy says nothing at length": (TEN, "10.0.0.1", " , ,, ", "10.0.0.1"),
    "gaps": (TEN, "10.0.0.1", "198.51.100.7, ,", "198.51.100.7"),
    "one address is trusted": (("10.0.0.1",), "10.0.0.1", "198.51.100.7", "198.51.100.7"),
    "its neighbour is not": (("10.0.0.1",), "10.0.0.2", "198.51.100.7", "10.0.0.2"),
    "host bits set": (("10.1.2.3/8",), "10.0.0.1", "198.51.100.7", "198.51.100.7"),
    "several networks": (TEN + SIX, "2001:db8::1", "198.51.100.7, 10.0.0.2", "198.51.100.7"),
    "IPv6": (SIX, "2001:db8::1", "2001:0DB9:0:0:0::5", "2001:db9::5"),
    "IPv6 is not trusted": (SIX, "2001:db9::1", "198.51.100.7", "2001:db9::1"),
    "a zone": (SIX, "fe80::1%eth0", "198.51.100.7", "fe80::1"),
    "the proxy is mapped": (TEN, "::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"),
    "the client is mapped": (TEN, "10.0.0.1", "::ffff:198.51.100.7", "198.51.100.7"),
    "a mapped forgery": (TEN, "10.0.0.1", "1.1.1.1, ::ffff:198.51.100.7", "198.51.100.7"),
    "garbage on the left": (TEN, "10.0.0.1", "<script>, 198.51.100.7", "198.51.100.7"),
    "garbage nearest to us": (TEN, "10.0.0.1", "198.51.100.7, unknown", None),
    "a line break": (TEN, "10.0.0.1", "198.51.100.7\r\nX: y", None),
    "NUL": (TEN, "10.0.0.1", "198.51.100.7\x00", None),
    "a huge number": (TEN, "10.0.0.1", "9" * 5000, None),
    "a thousand hops": (TEN, "10.0.0.1", ", ".join(["10.0.0.2"] * 1000), "10.0.0.2"),
    "no peer": (TEN, "", "198.51.100.7", None),
    "a peer that is no address": (TEN, "unix:", "198.51.100.7", None),
}


@pytest.fixture
def trusting(settings):
    def trust(*proxies: str) -> None:
        settings.PORTCULLIS = {**settings.PORTCULLIS, "TRUSTED_PROXIES": proxies}
        settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

    return trust


def calling_from(peer: str, **headers: str) -> Api:
    api = Api(**headers)
    api.client.defaults["REMOTE_ADDR"] = peer
    return api


@pytest.mark.parametrize(("proxies", "peer", "said", "ip"), ADDRESSES.values(), ids=ADDRESSES)
def test_the_address_nearest_to_us_that_is_no_trusted_proxy(trusting, proxies, peer, said, ip):
    trusting(*proxies)
    headers = {} if said is None else {"HTTP_X_FORWARDED_FOR": said}
    assert client_ip(RequestFactory().get("/", REMOTE_ADDR=peer, **headers)) == ip


@pytest.mark.parametrize("header", ["X-Real-IP", "Forwarded", "X-Client-IP", "CF-Connecting-IP"])
def test_no_other_header_says_an_address(trusting, header):
    trusting(*TEN)
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", headers={header: "for=1.2.3.4"})
    assert client_ip(request) == "10.0.0.1"


def test_a_user_agent_is_kept_printable_and_short():
    agent = "Mozilla\r\n\x00\x1b[31m\u202e" + "x" * 1000
    kept = Client.of(RequestFactory().get("/", headers={"User-Agent": agent})).user_agent
    assert kept.startswith("Mozilla[31mxxx")
    assert len(kept) == 400


@pytest.mark.parametrize(
    ("peer", "ip"), [("10.0.0.1", "198.51.100.7"), ("203.0.113.9", "203.0.113.9")]
)
def test_a_session_notes_the_address(user, trusting, peer, ip):
    trusting(*TEN)
    api = calling_from(peer, **{"X-Forwarded-For": "1.1.1.1, 198.51.100.7"})
    assert api.login(transport="bearer").answer["session"]["ip"] == ip


def test_a_session_is_opened_also_where_no_address_is_known(user, trusting):
    trusting(*TEN)
    api = calling_from("10.0.0.1", **{"X-Forwarded-For": "unknown"})
    assert api.login(transport="bearer").answer["session"]["ip"] is None


@pytest.mark.parametrize(
    ("peer", "secure"), [("10.0.0.1", True), ("203.0.113.9", False)], ids=["proxy", "stranger"]
)
def test_only_a_trusted_proxy_may_say_that_tls_ended_before_it(db, trusting, peer, secure):
    trusting(*TEN)
    api = calling_from(peer)
    forged = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    answer = api.client.get("/api/auth/csrf", secure=False, headers=forged)
    if secure:
        assert answer.status_code == 200
    else:
        assert (answer.status_code, answer["Location"]) == (301, f"{ORIGIN}/api/auth/csrf")


@pytest.mark.parametrize("proto", ["http", "", "https, http", "HTTPS"])
def test_a_stranger_cannot_make_a_secure_request_look_plain(db, proto):
    answer = calling_from("203.0.113.9", **{"X-Forwarded-Proto": proto}).get("/auth/csrf")
    assert answer.status_code == 200
    assert answer.cookies["__Host-csrftoken"]["secure"]


@pytest.mark.parametrize("peer", ["10.0.0.1", "203.0.113.9"], ids=["proxy", "stranger"])
def test_a_forwarded_host_is_never_believed(user, trusting, peer):
    """The origin of a request is judged by its real host: a forged one opens no CSRF door."""
    trusting(*TEN)
    api = calling_from(peer, **{"X-Forwarded-Host": "evil.example"}).fetch_csrf()
    body = {"email": "ada@example.com", "password": "x", "transport": "cookie"}
    answer = api.post("/auth/login", body, Origin="https://evil.example")
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("peer", "sent", "kept"),
    [
        ("10.0.0.1", "abc123", True),
        ("203.0.113.9", "abc123", False),
        ("10.0.0.1", "a\r\nSet-Cookie: x", False),
        ("10.0.0.1", "x" * 65, False),
        ("10.0.0.1", "\u00e9", False),
        ("10.0.0.1", "", False),
    ],
)
def test_a_request_id_is_a_trusted_proxy_s_or_our_own(db, trusting, peer, sent, kept):
    trusting(*TEN)
    request_id = calling_from(peer, **{"X-Request-ID": sent}).get("/auth/csrf")["X-Request-ID"]
    assert (request_id == sent) == kept
    assert kept or (len(request_id) == 32 and request_id.isalnum())
