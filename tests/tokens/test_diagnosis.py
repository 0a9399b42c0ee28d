"""What operators are told of a token agrees with what the API does with it, and tells no secret."""

import io
import json
import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from corsheaders.middleware import CorsMiddleware
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command, execute_from_command_line
from django.db.models import F
from django.utils import timezone

from tests.doors import Api
from tests.tokens import forge
from tests.tokens.carrying import (
    ACCESS_COOKIE,
    PROFILE,
    REFRESH_COOKIE,
    access_token_of,
    by_cookie,
    by_header,
    refresh_token_of,
    refreshed,
)
from tests.tokens.forge import with_claims, with_header, with_part
from tests.tokens.forgeries import CLAIMS, ENCODINGS, ROW_IS_READ, SIGNATURES
from tokens.diagnosis import LONGEST, Outcome, Step, diagnose, failures, read_pasted
from tokens.diagnosis.steps import shown
from tokens.diagnosis.token import Token
from tokens.keyring import ring
from tokens.models import KeyState, Session, SigningKey

pytestmark = pytest.mark.django_db

PROJECT = Path(__file__).resolve().parents[2]
KINDS = ["access", "refresh"]
FORGERIES = {
    "signatures": SIGNATURES,
    "claims": CLAIMS,
    "encodings": ENCODINGS,
    "rows": ROW_IS_READ,
    "none": {"nothing forged": lambda raw: raw},
}


def held(api: Api, kind: str) -> str:
    return api.access if kind == "access" else api.refresh_token


def is_accepted(api: Api, token: str, kind: str) -> bool:
    """What the API does with it. A refresh that works goes on with what it answers."""
    if kind == "access":
        return by_header(token).status_code == 200
    response = Api().post("/auth/refresh", {"refresh": token})
    if response.status_code == 200:
        api.take(response)
    return response.status_code == 200


def refused_at(token: str) -> set[str]:
    """The steps that explain a refusal, of which there are some exactly if the server refuses."""
    failed = set(failures(diagnose(token)))
    explained = failed - {"server"}
    if "server" in failed:
        assert explained
    return explained


def reasons(token: str, **asked) -> dict[str, str]:
    return {step.name: step.reason for step in diagnose(token, **asked)}


def outcome(token: str, name: str, **asked) -> Outcome | None:
    found = (step.outcome for step in diagnose(token, **asked) if step.name == name)
    return next(found, None)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("group", FORGERIES)
def test_a_forged_token_fails_exactly_if_the_api_refuses_it(bearer, kind, group):
    for flaw, make in FORGERIES[group].items():
        token = make(held(bearer, kind))
        assert (not refused_at(token)) == is_accepted(bearer, token, kind), flaw


def by_refresh_cookie(token: str):
    page = Api().fetch_csrf()
    page.client.cookies[REFRESH_COOKIE] = token
    return page.post("/auth/refresh")


CARRIED = {
    ("access", False): by_header,
    ("access", True): by_cookie,
    ("refresh", False): lambda token: Api().post("/auth/refresh", {"refresh": token}),
    ("refresh", True): by_refresh_cookie,
}


def test_a_token_is_accepted_where_its_transport_has_it_travel(door):
    tokens = {"access": access_token_of(door), "refresh": refresh_token_of(door)}
    for (kind, cookie), send in CARRIED.items():
        failed = failures(diagnose(tokens[kind], cookie=cookie))
        assert (failed == []) == (send(tokens[kind]).status_code == 200), (kind, cookie)
        assert failed in ([], ["session"])


def turn_key(state: KeyState, **fields) -> None:
    SigningKey.objects.filter(state=KeyState.ACTIVE).update(state=state, **fields)
    ring.forget()  # as every process does within seconds


def past() -> object:
    return timezone.now() - timedelta(minutes=3)


ENDINGS = {
    "revoked": (
        lambda: Session.objects.update(revoked_at=past(), revoke_reason="logout"),
        "session",
    ),
    "idle": (lambda: Session.objects.update(expires_at=past()), "session"),
    "capped": (lambda: Session.objects.update(absolute_expires_at=past()), "session"),
    "deactivated": (lambda: get_user_model().objects.update(is_active=False), "user"),
    "credentials": (lambda: Session.objects.update(epoch=F("epoch") + 1), "user"),
    "renewed": (lambda: Session.objects.update(generation=5, min_generation=5), "generation"),
    "row deleted": (lambda: Session.objects.all().delete(), "session"),
    "user deleted": (lambda: get_user_model().objects.all().delete(), "session user"),
    "key compromised": (lambda: turn_key(KeyState.RETIRED), "key"),
    "key past its end": (lambda: turn_key(KeyState.VERIFYING, not_after=past()), "key"),
    "keys deleted": (lambda: SigningKey.objects.all().delete(), "key"),
}


@pytest.mark.usefixtures("own_ring")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ending", ENDINGS)
def test_each_end_is_found_where_it_is(bearer, kind, ending):
    end, step = ENDINGS[ending]
    end()
    assert refused_at(held(bearer, kind)) == set(step.split())
    assert not is_accepted(bearer, held(bearer, kind), kind)


def test_a_row_older_than_the_token_is_found(bearer):
    refreshed(bearer)
    Session.objects.update(generation=0)
    for kind in KINDS:
        assert refused_at(held(bearer, kind)) == {"generation"}
        assert not is_accepted(bearer, held(bearer, kind), kind)


def test_a_restricted_session_refreshes_and_does_nothing_else(bearer):
    Session.objects.update(restriction="change_password")
    assert refused_at(bearer.access) == {"session"}
    assert "Change the password" in reasons(bearer.access)["session"]
    assert not is_accepted(bearer, bearer.access, "access")
    assert refused_at(bearer.refresh_token) == set()
    assert is_accepted(bearer, bearer.refresh_token, "refresh")


def test_an_old_refresh_token_is_good_within_the_grace_and_is_not_used_by_asking(bearer, later):
    old = bearer.refresh_token
    refreshed(bearer)
    assert "grace" in reasons(old)["generation"]
    assert refused_at(old) == set()
    later(seconds=11)
    before = Session.objects.values().get()
    assert refused_at(old) == {"generation"}
    assert Session.objects.values().get() == before
    assert not is_accepted(bearer, old, "refresh")
    assert "old refresh token came back" in reasons(old)["session"]


def test_an_old_access_token_is_good_until_it_expires(bearer, later):
    old = bearer.access
    refreshed(bearer)
    later(minutes=15, seconds=2)
    assert refused_at(old) == set()
    later(seconds=58)
    assert refused_at(old) == {"times"}
    assert reasons(old)["times"] == "issued 16 minutes ago, expired 1 minute ago"
    assert not is_accepted(bearer, old, "access")


def test_a_clock_ahead_is_told(bearer):
    ahead = int(timezone.now().timestamp()) + 3605
    token = with_claims(bearer.access, iat=ahead, nbf=ahead, exp=ahead + 900)
    assert reasons(token)["times"] == "issued in 1 hour, expires in 1 hour, good from in 1 hour"
    assert refused_at(token) == {"times"}


def test_what_differs_is_told_with_what_was_expected(bearer):
    token = with_claims(bearer.access, iss="https://other.example", ver=7, gen="1")
    told = reasons(token)["claims"]
    assert 'iss is "https://other.example", not https://portcullis.test' in told
    assert "ver is 7" in told
    assert "no integer: gen" in told
    assert "aud" not in told


def test_one_failure_hides_none_behind_it(bearer, later):
    Session.objects.update(revoked_at=timezone.now(), revoke_reason="staff")
    get_user_model().objects.update(is_active=False)
    later(days=100)
    token = with_header(bearer.access, jku="https://evil.example")
    assert refused_at(token) == {"format", "times", "session", "user"}
    told = reasons(token)
    assert told["session"].startswith("revoked 100 days ago: ended by staff; idle")
    assert "as old as it may be" in told["session"]
    forged = with_part(token, 2, "AAAA")
    assert refused_at(forged) == {"format", "signature", "times"}
    assert reasons(forged)["times"].startswith("unverified: issued 100 days ago")


def test_a_stranger_to_the_ring_is_read_all_the_same(bearer):
    token = forge.sign(
        {"alg": "RS256", "kid": "theirs", "typ": "JWT"}, {"iss": "x", "type": "access"}
    )
    assert refused_at(token) == {"format", "key", "claims"}
    assert outcome(token, "signature") is Outcome.SKIPPED


def test_without_a_token_there_is_nothing_to_judge(db):
    assert failures(diagnose("")) == ["present"]


def test_an_unverified_token_asks_for_nobody(bearer):
    """Whoever may diagnose may not thereby look sessions and users up by their ids."""
    forged = with_part(bearer.access, 2, "AAAA")
    for step in ("generation", "session", "user"):
        assert outcome(bearer.access, step) is Outcome.PASSED
        assert reasons(forged)[step] == "not looked for: nobody has verified this token"
    assert not Token(forged, cookie=False).session
    user = get_user_model().objects.get()
    Session.objects.all().delete()
    assert outcome(bearer.access, "user") is Outcome.PASSED
    assert outcome(forged, "user") is Outcome.SKIPPED
    user.delete()
    assert outcome(bearer.access, "user") is Outcome.FAILED


ODD = "\x1b[31m ada@example.com \udc80 \0"


def test_nothing_secret_is_told(bearer):
    every = [make(bearer.access) for group in FORGERIES.values() for make in group.values()]
    every += [bearer.refresh_token, with_claims(bearer.access, sub=ODD, iss=ODD, aud=[ODD] * 9)]
    every += [with_header(bearer.access, kid=ODD, typ=ODD), with_claims(bearer.access, exp=10**30)]
    every += [with_header(bearer.access, crit=[ODD])]  # PyJWT quotes it before any signature
    for token in every:
        told = "".join(step.reason + step.advice for step in diagnose(token))
        for secret in [token, *(part for part in token.split(".") if len(part) > 8)]:
            assert secret not in told
        assert "@" not in told
        assert is_plain(told)


def is_plain(text: str) -> bool:
    return all(" " <= character <= "~" for character in text)


def test_a_step_is_fit_for_a_terminal_whatever_it_quotes():
    step = Step("any", Outcome.FAILED, "\x1b]0;owned\x07 \ud800", "\u202e \x9b \xe9\n")
    assert step.reason == r"\x1b]0;owned\x07 \ud800"
    assert step.advice == r"\u202e \x9b \xe9\n"


def test_a_long_text_takes_no_longer():
    began = time.process_time()
    assert shown("a" * 100_000) == '"' + "a" * 79 + "..."
    assert time.process_time() - began < 2  # its square took half a minute


@pytest.mark.parametrize("depth", [50, 400, 900])
def test_nesting_is_no_fault(bearer, depth):
    deep = json.loads("[" * depth + "]" * depth)
    for token in (with_header(bearer.access, jwk=deep), with_claims(bearer.access, iss=deep)):
        assert refused_at(token)


# Where it comes from ------------------------------------------------------------------------------

SIBLING, STRANGER = "https://app.portcullis.test", "https://app.example.com"
ORIGINS = [
    "https://portcullis.test",
    SIBLING,
    STRANGER,
    "https://evil.example",
    "http://portcullis.test",
    "https://app.portcullis.test:8443",
]
NO_ORIGINS = [
    "app.example.com",
    "https://app.example.com/",
    "https://app.example.com:443",
    "HTTPS://app.example.com",
    "https://ada@app.example.com",
    "https://app.example.com:port",
    "https://[",
    "https://",
    "null",
    "*",
    "",
    "https://host:",
    "https://host:0",
    "https://host:65536",
    "https://a b.c",
    "https://a.c\n",
    "https://ex\xe4mple.com",
    "https://\u202emoc.elpmaxe",
    "https://a.c\x1b[31m",
    "https://\x9b31m.com",
    "https://\udcff.com",
]
SENT_BY_BROWSERS = [
    "https://xn--exmple-cua.com",
    "http://my_host:8080",
    "https://app.example.com.",
    "http://10.0.0.1",
    "http://[::1]:443",
]


@pytest.fixture
def known(settings):
    settings.CORS_ALLOWED_ORIGINS = [SIBLING, STRANGER]
    settings.CSRF_TRUSTED_ORIGINS = [SIBLING]


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("origin", ORIGINS)
def test_an_origin_is_judged_as_the_middleware_does(browser, origin):
    token = browser.cookie("access")
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    allowed = Api().request("OPTIONS", PROFILE, **asked).headers.get("Access-Control-Allow-Origin")
    by_cors = outcome(token, "cors", origin=origin)
    assert (by_cors is Outcome.PASSED) == (origin in (allowed, ORIGINS[0]))
    sent = browser.patch(PROFILE, {"name": "Ada"}, Origin=origin)
    by_csrf = outcome(token, "csrf", origin=origin, cookie=True)
    assert (by_csrf is Outcome.PASSED) == (sent.status_code == 200)
    assert outcome(token, "csrf", origin=origin) is not Outcome.FAILED


@pytest.mark.parametrize("origin", NO_ORIGINS)
def test_what_no_browser_sends_is_no_origin(bearer, origin):
    assert failures(diagnose(bearer.access, origin=origin)) == ["cors"]
    assert failures(diagnose(bearer.access, origin=origin, cookie=True)) == ["cors"]
    assert outcome(bearer.access, "csrf", origin=origin, cookie=True) is Outcome.SKIPPED
    assert is_plain(reasons(bearer.access, origin=origin)["cors"])


@pytest.mark.parametrize("origin", SENT_BY_BROWSERS)
def test_what_browsers_send_is_an_origin(bearer, settings, origin):
    settings.CORS_ALLOWED_ORIGINS = [origin]
    assert failures(diagnose(bearer.access, origin=origin)) == []


@pytest.mark.usefixtures("known")
def test_cors_is_asked_where_the_token_goes(bearer, settings):
    settings.CORS_URLS_REGEX = r"^/api/auth/"
    for token, path in ((bearer.access, PROFILE), (bearer.refresh_token, "/auth/refresh")):
        asked = {"Origin": SIBLING, "Access-Control-Request-Method": "POST"}
        answer = Api().request("OPTIONS", path, **asked)
        allowed = "Access-Control-Allow-Origin" in answer.headers
        assert (failures(diagnose(token, origin=SIBLING)) == []) == allowed == (path != PROFILE)


class Heir(CorsMiddleware):
    """A project's own, by another name."""


@pytest.mark.usefixtures("known")
def test_a_middleware_that_inherits_is_found(bearer, settings):
    settings.MIDDLEWARE = [f"{__name__}.{name}" for name in ("is_plain", "Heir")]
    assert failures(diagnose(bearer.access, origin=SIBLING)) == []


@pytest.mark.usefixtures("known")
def test_an_origin_needs_credentials_and_headers_too(bearer, settings):
    assert failures(diagnose(bearer.access, origin=SIBLING, cookie=True)) == []
    settings.CORS_ALLOW_CREDENTIALS = False
    assert failures(diagnose(bearer.access, origin=SIBLING)) == []
    assert failures(diagnose(bearer.access, origin=SIBLING, cookie=True)) == ["cors"]
    settings.CORS_ALLOW_HEADERS = ["content-type"]
    assert failures(diagnose(bearer.access, origin=SIBLING)) == ["cors"]
    assert failures(diagnose(bearer.refresh_token, origin=SIBLING)) == []
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "cors" not in name]
    assert failures(diagnose(bearer.refresh_token, origin=SIBLING)) == ["cors"]


@pytest.mark.parametrize(
    ("base", "origin", "expected"),
    [
        ("https://portcullis.test", "https://portcullis.test:8443", Outcome.PASSED),
        ("https://portcullis.test", "http://portcullis.test", Outcome.FAILED),
        ("https://portcullis.test", "https://other.test", Outcome.FAILED),
        ("https://api.portcullis.test", "https://www.portcullis.test", Outcome.SKIPPED),
        ("https://shop.co.uk", "https://evil.co.uk", Outcome.SKIPPED),
        ("http://localhost:8000", "http://localhost:3000", Outcome.PASSED),
        ("http://localhost:8000", "http://127.0.0.1:8000", Outcome.FAILED),
        ("http://10.1.0.1", "http://10.2.0.1", Outcome.FAILED),
        ("http://[::1]:8000", "http://[::1]:3000", Outcome.PASSED),
    ],
)
def test_the_site_is_told_as_far_as_it_can_be(bearer, settings, base, origin, expected):
    settings.PORTCULLIS = {**settings.PORTCULLIS, "BASE_URL": base}
    assert outcome(bearer.access, "site", origin=origin, cookie=True) is expected
    assert outcome(bearer.access, "site", origin=origin) is None


def test_a_cookie_is_told_as_it_is_set(browser, bearer, settings):
    token = browser.cookie("access")
    told = reasons(token, cookie=True)["cookie"]
    assert told == f"read from {ACCESS_COOKIE} alone: HttpOnly; Path=/; SameSite=Strict; Secure"
    assert "Path=/api/auth/refresh" in reasons(bearer.refresh_token, cookie=True)["cookie"]
    assert "X-Csrftoken" in reasons(token, cookie=True)["csrf"]
    settings.PORTCULLIS = {**settings.PORTCULLIS, "BASE_URL": "http://localhost:8000"}
    assert reasons(token, cookie=True)["cookie"].startswith("read from access alone")
    assert "not Secure" in reasons(token, cookie=True)["cookie"]


def test_a_token_may_be_too_long_for_its_cookie_alone(bearer):
    short = len(with_claims(bearer.access, filler=""))
    token = with_claims(bearer.access, filler="a" * ((4090 - short) * 3 // 4))
    assert failures(diagnose(token)) == []
    assert failures(diagnose(token, cookie=True)) == ["cookie"]


def test_a_project_that_keeps_csrf_tokens_in_sessions_is_judged_too(bearer, settings):
    settings.CSRF_USE_SESSIONS = True
    assert outcome(bearer.access, "csrf", cookie=True) is Outcome.PASSED


# The command --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "removed"),
    [
        ("{}", []),
        ("{}\n", []),
        ("  {} \n", ["spaces"]),
        ('"{}"', ["quotes"]),
        ("Bearer {}", ["Bearer"]),
        ("'authorization: bearer  {}'\r\n", ["quotes", "Authorization:", "Bearer"]),
        ('Authorization: Bearer "{}"', ["Authorization:", "Bearer", "quotes"]),
    ],
)
def test_what_is_pasted_around_a_token_is_left_out_and_named(text, removed):
    pasted = read_pasted(text.format("a.b.c"))
    assert pasted.token == "a.b.c"
    assert pasted.removed == removed


def run(*arguments: str) -> tuple[str, int]:
    """What the command prints, and what it exits with."""
    out = io.StringIO()
    try:
        call_command("diagnosetoken", *arguments, stdout=out)
    except CommandError as error:
        return f"{out.getvalue()}{error}", error.returncode
    return out.getvalue(), 0


def run_on(body: bytes, monkeypatch) -> tuple[str, int]:
    """The same, with that on standard input."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(body), "utf-8"))
    return run("-")


def test_the_command_accepts_what_the_api_accepts(bearer, monkeypatch):
    said, code = run(bearer.access)
    assert code == 0
    lines = [line.split()[:2] for line in said.splitlines()]
    names = "present format key signature times claims generation session user server"
    assert lines == [
        *(["ok", name] for name in names.split()),
        ["--", "cors"],
        ["--", "cookie"],
    ]
    piped, code = run_on(f"Bearer {bearer.access}\n".encode(), monkeypatch)
    assert code == 0
    assert piped.splitlines()[0].strip() == "Left out around the token: Bearer."
    for secret in (bearer.access, bearer.access.split(".")[2], "ada@example.com"):
        assert secret not in said + piped


def test_the_command_says_why_not(bearer):
    Session.objects.update(revoked_at=past(), revoke_reason="logout")
    said, code = run(bearer.access, "--origin", "https://evil.example", "--cookie")
    assert code == 1
    assert "NO  session     revoked 3 minutes ago: logged out. Log in again" in said
    assert said.endswith("Not accepted: session, server, cors, csrf, site.")


def test_wrong_usage_is_another_matter(capsys):
    with pytest.raises(SystemExit) as left:
        execute_from_command_line(["manage.py", "diagnosetoken"])
    assert left.value.code == 2
    assert "token" in capsys.readouterr().err


def test_what_is_no_token_is_no_fault(bearer, monkeypatch):
    said, code = run_on(b"\xff", monkeypatch)
    assert code == 1
    assert "NO  format" in said
    for said, code in (run("a" * (LONGEST + 1)), run_on(b"a" * 10 * LONGEST, monkeypatch)):
        assert (said, code) == ("No token has over 16,384 characters.", 2)
    assert run("a" * LONGEST)[1] == 1


def test_an_origin_that_is_empty_is_a_mistake(bearer):
    assert run(bearer.access, "--origin", "") == ("--origin is empty: is a variable unset?", 2)


def test_on_a_terminal_it_says_what_it_waits_for(bearer, monkeypatch):
    hint = io.StringIO()
    master, terminal = os.openpty()
    with open(master, "wb") as typing, open(terminal) as stdin:
        typing.write(f"{bearer.access}\n\x04".encode())
        typing.flush()
        monkeypatch.setattr("sys.stdin", stdin)
        call_command("diagnosetoken", "-", stdout=io.StringIO(), stderr=hint)
    assert hint.getvalue() == "Paste the token, then Ctrl-D.\n"


def test_a_reader_may_leave(bearer):
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as out:
        call_command("diagnosetoken", bearer.access, stdout=out)
        with pytest.raises(CommandError, match="Not accepted"):
            call_command("diagnosetoken", "e.e.e", stdout=out)


@pytest.mark.parametrize(
    ("database", "expected", "code"),
    [
        ("empty.sqlite3", "The database is not up to date: run migrate.", 1),
        ("no/such/directory/db.sqlite3", "The database does not answer.", 75),
    ],
)
def test_what_waiting_mends_has_an_exit_code_of_its_own(tmp_path, database, expected, code):
    done = subprocess.run(
        [sys.executable, "manage.py", "diagnosetoken", "e.e.e"],
        check=False,
        cwd=PROJECT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATABASE_URL": f"sqlite:///{tmp_path}/{database}",
            "CACHE_URL": "locmemcache://alone",
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr.strip()) == (code, f"CommandError: {expected}")
