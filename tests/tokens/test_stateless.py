"""Another Django service, which holds only the public keys: whom it lets in, and when it cannot."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives import serialization
from django.core.exceptions import ImproperlyConfigured
from django.test import RequestFactory
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from tests.doors import Api
from tests.tokens import forge
from tests.tokens.forge import unpack, with_claims, with_header
from tests.tokens.forgeries import CLAIMS, ENCODINGS, SIGNATURES
from tests.tokens.jwks_server import JwksServer
from tokens import issuer_keys, jwt, stateless
from tokens.issuer_keys import VerifierConf
from tokens.keyring import Key, generate, ring
from tokens.models import KeyState, SigningKey
from tokens.stateless import StatelessTokenAuthentication, StatelessUser

ISSUER = "https://portcullis.test"
CHALLENGED = 'Bearer realm="api", error="invalid_token"'
GENERATIONS = {flaw for flaw in CLAIMS if flaw.startswith("gen ")}
"""Which of a session's tokens are dead only the row can tell."""
SIGNED_ALL_THE_SAME = {
    *(f"header field {name}" for name in ("jku", "x5u", "x5c", "jwk", "b64", "zip", "cty")),
    "header field twice, ours last",
    "claim twice, ours last",
    "claim twice, ours first",
    "sid no UUID",
}
"""What our server would never sign, but did: it changes nothing of what is believed here."""
FLAWS = {
    flaw: forged
    for flaw, forged in {**SIGNATURES, **CLAIMS, **ENCODINGS}.items()
    if flaw not in GENERATIONS | SIGNED_ALL_THE_SAME
}


class Whoami(APIView):
    authentication_classes = [StatelessTokenAuthentication]
    permission_classes = [IsAuthenticated]

    def get(self, request):
        return Response({"id": request.user.id, "sid": request.auth["sid"]})


def ask(token: str | None = None, *, header: str | None = None, **extra):
    """The service's answer to whoever sends that token, or that Authorization header."""
    sent = f"Bearer {token}" if token is not None else header
    headers = {"Authorization": sent} if sent is not None else {}
    response = Whoami.as_view()(RequestFactory().get("/", headers=headers, **extra))
    return response.render()


def code(response) -> tuple[int, str]:
    return response.status_code, response.data["errors"][0]["code"]


def publish(server: JwksServer, *others: object) -> None:
    """What our own /.well-known/jwks.json would say, and `others` before it."""
    server.publish(*others, *filter(None, (key.jwk for key in ring.all())))


def make_token(kind: jwt.Kind = jwt.Kind.ACCESS) -> str:
    """As `tokens.issuing` makes them, for a session that nobody here will look for."""
    now = int(time.time())
    family = {"sub": "1", "sid": str(uuid.UUID(int=1)), "gen": 0}
    return jwt.encode(kind, {**family, "iat": now, "exp": now + 900})


def sign_from_now_on_with(algorithm: str) -> Key:
    SigningKey.objects.filter(state=KeyState.ACTIVE).update(state=KeyState.VERIFYING)
    generate(algorithm, state=KeyState.ACTIVE).save(force_insert=True)
    ring.forget()
    return ring.active()


@pytest.fixture
def jwks(settings) -> Iterator[JwksServer]:
    with JwksServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        settings.PORTCULLIS_VERIFIER = {"ISSUER": ISSUER, "JWKS_URL": server.url}
        yield server
        server.awake.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def es256(own_ring, jwks) -> Key:
    key = sign_from_now_on_with("ES256")
    publish(jwks)
    return key


@pytest.fixture
def token(es256) -> str:
    return make_token()


@pytest.fixture
def wait(later, monkeypatch) -> Callable[..., None]:
    """`later`, for the clock too that no administrator can set."""
    passed = 0.0

    def move(**duration: float) -> None:
        nonlocal passed
        passed += timedelta(**duration).total_seconds()
        later(**duration)

    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + passed)
    monkeypatch.setattr(issuer_keys, "time", clock)
    return move


def test_a_good_token_lets_its_user_in_without_the_database(
    es256, user, jwks, django_assert_num_queries
):
    member = Api().login(transport="bearer")
    with django_assert_num_queries(0):
        response = ask(member.access)
        ask(member.access)
    assert response.status_code == 200, response.data
    assert response.data == {"id": str(user.pk), "sid": member.sid}
    assert jwks.asked == 1


@pytest.mark.parametrize("algorithm", ["RS256", "EdDSA"])
def test_every_asymmetric_algorithm_will_do(own_ring, jwks, algorithm):
    sign_from_now_on_with(algorithm)
    publish(jwks)
    assert ask(make_token()).status_code == 200


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_forged_token_is_refused(token, flaw, django_assert_num_queries):
    forged = FLAWS[flaw](token)
    with django_assert_num_queries(0):
        response = ask(forged)
    assert code(response) == (401, "token_invalid")
    assert response.headers["WWW-Authenticate"] == CHALLENGED


def test_a_refresh_token_opens_nothing(es256):
    refresh = make_token(jwt.Kind.REFRESH)
    assert code(ask(refresh)) == (401, "token_invalid")
    dressed = with_claims(refresh, aud=ISSUER, type="access")
    assert code(ask(dressed)) == (401, "token_invalid")


def test_a_public_key_is_no_secret(token, es256):
    header, claims = unpack(token)
    formats = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    pem = es256.verifying.public_bytes(*formats)
    forged = forge.sign({**header, "alg": "HS256"}, claims, secret=pem)
    assert code(ask(forged)) == (401, "token_invalid")


def test_only_keys_that_may_verify_here_do(token, jwks):
    """A set may hold keys of other kinds, and nonsense."""
    publish(
        jwks,
        {"kty": "oct", "kid": "shared", "k": forge.encode(b"k" * 64)},
        {"kty": "oct", "kid": "dressed", "alg": "ES256", "k": forge.encode(b"k" * 64)},
        {**jwks_of(ring.active()), "kid": "encryption", "use": "enc"},
        {"kty": "OKP", "crv": "Ed448", "kid": "curve", "x": "AA"},
        {"kty": "EC", "kid": ["a"], "alg": ["ES256"]},
        "nonsense",
        None,
    )
    assert ask(token).status_code == 200
    header, claims = unpack(token)
    for kid in ("shared", "dressed"):
        for alg in ("HS256", "ES256"):
            forged = forge.sign({**header, "alg": alg, "kid": kid}, claims, secret=b"k" * 64)
            assert code(ask(forged)) == (401, "token_invalid")
    assert code(ask(with_header(token, kid="encryption"))) == (401, "token_invalid")


def jwks_of(key: Key) -> dict:
    assert key.jwk
    return key.jwk


def test_an_issuer_with_a_shared_secret_has_no_key_for_us(db, jwks):
    publish(jwks)
    assert code(ask(make_token())) == (401, "token_invalid")


def test_an_expired_token_says_so_only_if_nothing_else_is_wrong(token, later):
    elsewhere = with_claims(token, aud="https://evil.example")
    later(minutes=15, seconds=2)
    assert ask(token).status_code == 200
    later(seconds=4)
    assert code(ask(token)) == (401, "token_expired")
    assert code(ask(elsewhere)) == (401, "token_invalid")


def test_a_session_that_may_do_one_step_only_is_nobody_elsewhere(token):
    restricted = with_claims(token, aud=f"{ISSUER}/restricted")
    assert code(ask(restricted)) == (401, "token_invalid")


def test_an_audience_of_its_own(token, settings):
    settings.PORTCULLIS_VERIFIER = {**settings.PORTCULLIS_VERIFIER, "AUDIENCE": "https://shop.test"}
    assert code(ask(token)) == (401, "token_invalid")
    assert ask(with_claims(token, aud="https://shop.test")).status_code == 200


@pytest.mark.parametrize("header", [None, "", "Basic YTpi", "Token abc", "Bearerabc"])
def test_without_a_bearer_token_nobody_is_authenticated(jwks, header):
    response = ask(header=header)
    assert code(response) == (401, "not_authenticated")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_cookie_is_no_token(token):
    response = ask(HTTP_COOKIE=f"__Host-access={token}; access={token}")
    assert code(response) == (401, "not_authenticated")


@pytest.mark.parametrize("glue", ["", "\xa0", "\t", "  \x0b", ", Bearer ", " Bearer "])
def test_odd_glue_between_scheme_and_token_is_refused(token, glue):
    assert ask(header=f"bEARER  {token}").status_code == 200
    assert ask(header=f"Bearer{glue}{token}").status_code == 401
    assert ask(header=f"Bearer {token}{glue or ' '}x").status_code == 401


def test_a_flood_of_invented_kids_reaches_the_issuer_once(token, jwks):
    flood = [with_header(token, kid=uuid.uuid4().hex) for _ in range(24)]
    with ThreadPoolExecutor(8) as pool:
        answers = {code(answer) for answer in pool.map(ask, flood)}
    assert answers == {(401, "token_invalid")}
    assert jwks.asked == 1
    assert ask(token).status_code == 200


def test_a_new_key_is_fetched_when_its_first_token_comes(token, jwks, wait):
    assert ask(token).status_code == 200
    sign_from_now_on_with("EdDSA")
    publish(jwks)
    wait(seconds=issuer_keys.PAUSE)
    assert ask(with_new_key(token)).status_code == 200
    assert ask(token).status_code == 200
    assert jwks.asked == 2


def with_new_key(raw: str) -> str:
    key = ring.active()
    return with_header(raw, kid=key.kid, alg=key.algorithm)


def test_a_withdrawn_key_is_refused_once_the_list_is_old(token, jwks, wait):
    assert ask(token).status_code == 200
    jwks.publish()
    wait(seconds=200)
    assert ask(token).status_code == 200
    wait(seconds=100)
    assert code(ask(token)) == (401, "token_invalid")


def goes_silent(server: JwksServer) -> None:
    server.awake.clear()


def says(status: int, answer: bytes):
    def change(server: JwksServer) -> None:
        server.status, server.answer = status, answer

    return change


OUTAGES = {
    "silent": goes_silent,
    "broken": says(500, b"Traceback"),
    "elsewhere": says(302, b""),
    "a page": says(200, b"<html>"),
    "a list": says(200, b"[]"),
    "no set": says(200, b"{}"),
    "an odd set": says(200, b'{"keys": {"a": 1}}'),
    "no text": says(200, b"\xff\xfe\xfd"),
}


@pytest.mark.parametrize("outage", OUTAGES)
def test_without_keys_the_service_is_unavailable(token, jwks, outage, monkeypatch):
    monkeypatch.setattr(issuer_keys, "FETCH_TIMEOUT", 0.1)
    OUTAGES[outage](jwks)
    response = ask(token)
    assert code(response) == (503, "unavailable")
    assert response.headers["Retry-After"] == "5"
    assert code(ask(token)) == (503, "unavailable")
    assert jwks.asked == 1, "an outage became a flood"


def test_where_nobody_listens_there_are_no_keys(token, settings):
    right = settings.PORTCULLIS_VERIFIER
    settings.PORTCULLIS_VERIFIER = {**right, "JWKS_URL": "http://127.0.0.1:1/jwks.json"}
    assert code(ask(token)) == (503, "unavailable")
    settings.PORTCULLIS_VERIFIER = right
    assert ask(token).status_code == 200


def test_known_keys_go_on_working_for_a_day_of_outage(token, jwks, wait):
    token = with_claims(token, exp=int(time.time()) + 3 * 24 * 3600)
    assert ask(token).status_code == 200
    says(500, b"")(jwks)
    wait(hours=23)
    assert ask(token).status_code == 200
    assert code(ask(with_header(token, kid="new"))) == (503, "unavailable")
    wait(hours=2)
    assert code(ask(token)) == (503, "unavailable")
    jwks.status = 200
    publish(jwks)
    wait(seconds=issuer_keys.PAUSE)
    assert ask(token).status_code == 200


def test_a_known_key_does_not_wait_for_a_fetch(token, jwks, wait):
    assert ask(token).status_code == 200
    jwks.awake.clear()
    wait(seconds=issuer_keys.PAUSE)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask, with_header(token, kid="new"))
        while jwks.asked < 2:
            assert not waiting.done()
            time.sleep(0.01)
        assert ask(token).status_code == 200
        assert not waiting.done()
        jwks.awake.set()
        assert code(waiting.result()) == (401, "token_invalid")


def user_of(**claims) -> StatelessUser:
    return StatelessUser.from_claims({"sub": "1", "sid": "s", **claims})


def test_a_user_is_what_the_token_says(es256, user):
    member = Api().login(transport="bearer")
    found = StatelessUser.from_claims(stateless.verify(member.access))
    assert (found.id, found.pk, found.get_username(), str(found)) == (str(user.pk),) * 4
    assert (found.sid, found.email, found.role, found.roles) == (
        member.sid, user.email, "user", ("user",),
    )  # fmt: skip
    assert (found.is_authenticated, found.is_active) == (True, True)
    assert (found.is_anonymous, found.is_staff, found.is_superuser) == (False, False, False)
    assert user.email not in repr(found)
    assert not hasattr(found, "save")


def test_a_user_may_what_the_token_lists():
    ada = user_of(permissions=["shop.view_order", "shop.add_order"])
    assert ada.has_perm("shop.view_order")
    assert ada.has_perms(["shop.view_order", "shop.add_order"])
    assert ada.has_module_perms("shop")
    assert not ada.has_perm("shop.delete_order")
    assert not ada.has_perm("shop.view_order", object())
    assert not ada.has_perms(["shop.view_order", "shop.delete_order"])
    assert not ada.has_module_perms("sho")


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"permissions_omitted": True},
        {"permissions": ["shop.view_order"], "permissions_omitted": True},
        {"permissions": "shop.view_order"},
        {"permissions": {"shop.view_order": True}},
        {"permissions": [["shop.view_order"], None]},
    ],
)
def test_what_the_token_does_not_list_is_refused(claims):
    ada = user_of(**claims)
    assert not ada.has_perm("shop.view_order")
    assert not ada.has_perms(["shop.view_order"])
    assert not ada.has_module_perms("shop")
    assert ada.permissions_omitted == ("permissions_omitted" in claims)


def test_whether_all_roles_are_there_is_told():
    assert not user_of(roles=["clerk"]).roles_omitted
    assert user_of(roles=["clerk"], roles_omitted=True).roles_omitted


def test_users_are_equal_by_id():
    assert user_of(email="a@example.com") == user_of(email="b@example.com", roles=["x"])
    assert len({user_of(), user_of(role="admin"), user_of(sub="2")}) == 2
    assert user_of() != "1"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"ISSUER": ISSUER, "ALGORITHMS": ("ES256", "HS256")},
        {"ISSUER": ISSUER, "ALGORITHMS": ()},
        {"ISSUER": ISSUER, "ALGORITHMS": "ES256"},
        {"ISSUER": ISSUER, "JWKS_URL": "http://portcullis.test/keys"},
        {"ISSUER": ISSUER, "JWKS_URL": "file:///etc/keys"},
        {"ISSUER": "http://portcullis.test"},
        {"ISSUER": ISSUER, "AUDIENCES": "x"},
    ],
)
def test_unsafe_settings_are_refused(settings, given):
    settings.PORTCULLIS_VERIFIER = given
    with pytest.raises(ImproperlyConfigured):
        issuer_keys.conf()


def test_the_issuer_is_enough_of_a_setting():
    conf = VerifierConf(ISSUER=ISSUER)
    assert conf.audience == ISSUER
    assert conf.jwks_url == f"{ISSUER}/.well-known/jwks.json"


def test_it_understands_what_we_issue():
    assert jwt.VERSION in stateless.VERSIONS
