"""What clients notice of kill -9 to the whole server in the middle of their refreshes."""

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

import pytest

from tests.live.client import NO_ANSWER, Answer, LiveApi
from tests.live.site import until
from tests.tokens.carrying import PROFILE
from tests.tokens.forge import claims_of
from tokens.conf import TokensConf

pytestmark = pytest.mark.postgresql

CLIENTS = 40
EACH = 25
KILLED_AT = (200, 400, 550, 650, 750, 850)  # refreshes that were answered
KILLS = 2  # that hit somebody, one of them between a refresh's row and its answer
GRACE = TokensConf().REUSE_GRACE
ROWS = """
    SELECT generation, min_generation, revoked_at, count(*) FROM tokens_session GROUP BY 1, 2, 3
"""


def test_every_client_goes_on_after_kill_9_in_the_middle_of_a_thousand_refreshes(live):
    clients = live.log_in(CLIENTS)
    seen: list[str] = []
    hit = 0
    with ThreadPoolExecutor(CLIENTS) as threads:
        working = [threads.submit(refresh_on_and_on, client, seen) for client in clients]
        for refreshes in KILLED_AT:
            until(partial(so_far, refreshes, seen, working))
            if hit >= KILLS and "answered again" in seen:
                break
            before = seen.count("cut off")
            live.kill()
            hit += seen.count("cut off") > before
    for work in working:
        work.result()
    assert hit >= KILLS, "kills that hit nobody"
    assert seen.count("answered again") > 0, "no refresh was done whose answer was lost"

    for client in clients:
        assert try_to_refresh(client, seen).status_code == 200
        assert client.get(PROFILE).status_code == 200
        assert claims_of(client.refresh_token)["gen"] == EACH + 1
    assert live.rows(ROWS) == [(EACH + 1, 0, None, CLIENTS)]


def so_far(refreshes: int, seen: list[str], working: list[Future[None]]) -> bool:
    """Or one of them is out of work: it may have failed."""
    return seen.count("answered") >= refreshes or any(map(Future.done, working))


def refresh_on_and_on(client: LiveApi, seen: list[str]) -> None:
    """As a real client does: with the tokens of the last answer, and where none came, again."""
    for _ in range(EACH):
        response = until(partial(try_to_refresh, client, seen), within=GRACE)
        assert response.status_code == 200, response.content
        seen.append("answered")


def try_to_refresh(client: LiveApi, seen: list[str]) -> Answer | None:
    asked_at = datetime.now(UTC)
    try:
        response = client.refresh()
    except ConnectionRefusedError:
        return None
    except NO_ANSWER:
        seen.append("cut off")
        return None
    if response.status_code == 200:
        client.take(response)
        if datetime.fromisoformat(client.answer["session"]["last_used_at"]) < asked_at:
            seen.append("answered again")
    return response
