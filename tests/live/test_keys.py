"""Signing keys that change under live traffic: what clients and several processes notice of it."""

from functools import partial

import pytest

from tests.doors import codes
from tests.live.client import LiveApi
from tests.live.site import LiveSite, until
from tests.live.traffic import from_each_worker, refused, traffic
from tests.tokens.carrying import PROFILE, access_token_of, refresh_token_of, refreshed
from tests.tokens.forge import unpack
from tokens.keyring import RELOAD_AFTER

pytestmark = pytest.mark.postgresql

REQUESTS = 2000
SLOWNESS = 5  # seconds, of a machine that is busy
JWKS = "//.well-known/jwks.json"


@pytest.fixture
def rotate(live: LiveSite):
    """`rotate(...)` runs the command; returns the kid and algorithm that sign from then on."""

    def run(*options: str) -> tuple[str, str]:
        live.manage("rotatesigningkey", *options)
        [key] = live.rows("SELECT kid, algorithm FROM tokens_signingkey WHERE state = 'active'")
        return key

    return run


def signed_by(client: LiveApi) -> set[tuple[str, str]]:
    headers = [unpack(token)[0] for token in (access_token_of(client), refresh_token_of(client))]
    return {(header["kid"], header["alg"]) for header in headers}


def refreshes_under(key: tuple[str, str], client: LiveApi) -> bool:
    return signed_by(refreshed(client)) == {key}


def test_keys_rotate_under_live_traffic_and_nobody_gets_a_401(live, rotate):
    early = [*live.log_in(1), *live.log_in(1, transport="cookie")]
    busy = [*live.log_in(4), *live.log_in(2, transport="cookie")]
    [first] = signed_by(early[0])

    with traffic(busy) as answers:
        keys = [first, rotate(), rotate(), rotate("--algorithm", "ES256")]
        until(lambda: len(answers) >= REQUESTS)
        late = live.log_in(1)

    assert not refused(answers)
    assert [algorithm for _, algorithm in keys] == ["HS256", "HS256", "HS256", "ES256"]
    assert len(set(keys)) == len(keys)
    assert signed_by(late[0]) == {keys[-1]}
    for client in early:
        assert signed_by(client) == {first}
        assert not refused(from_each_worker(partial(client.get, PROFILE)))
    for client in [*early, *busy]:
        until(partial(refreshes_under, keys[-1], client), within=RELOAD_AFTER + SLOWNESS)


def test_a_key_that_one_process_made_is_published_by_all_within_seconds(live):
    ask = partial(LiveApi(live).get, JWKS)
    assert not any(answer.json()["keys"] for answer in from_each_worker(ask))
    make = "from tokens.flows import prepare_next_key; prepare_next_key('ES256')"
    live.manage("shell", "--verbosity", "0", "--command", make)
    [(kid,)] = live.rows("SELECT kid FROM tokens_signingkey WHERE state = 'next'")

    def published_by_all() -> bool:
        return all(kid in str(answer.json()) for answer in from_each_worker(ask))

    until(published_by_all, within=RELOAD_AFTER + SLOWNESS)


def test_a_compromised_key_is_refused_from_the_next_request_on_by_every_process(live, rotate):
    [client] = live.log_in(1)
    [former] = signed_by(client)
    use = partial(client.get, PROFILE)
    assert not refused(from_each_worker(use))

    key = rotate("--compromised")

    for answer in from_each_worker(use) + from_each_worker(client.refresh):
        assert (answer.status_code, codes(answer)) == (401, ["token_invalid"])
    for again in live.log_in(4):
        assert signed_by(again) == {key} != {former}
        assert not refused(from_each_worker(partial(again.get, PROFILE)))
        refreshed(again)
