"""Live sessions beside a purge of expired ones, on the same table."""

import pytest

from tests.live.site import until
from tests.live.traffic import refused, traffic
from tests.tokens.carrying import refreshed

pytestmark = pytest.mark.postgresql

REQUESTS = 300
EXPIRED = """
    INSERT INTO tokens_session SELECT (jsonb_populate_record(session, jsonb_build_object(
        'id', gen_random_uuid(), 'expires_at', now() - interval '100 days'
    ))).* FROM tokens_session AS session, generate_series(1, 1000)
"""
COUNT = "SELECT count(*) FROM tokens_session"


def test_sessions_go_on_while_expired_ones_are_purged(live):
    clients = live.log_in(6)
    live.rows(EXPIRED)
    assert live.rows(COUNT) == [(6006,)]

    with traffic(clients) as answers:
        live.manage("flushexpiredtokens", "--batch-size", "100")
        until(lambda: len(answers) >= REQUESTS)

    assert not refused(answers)
    assert live.rows(COUNT) == [(6,)]
    for client in clients:
        refreshed(client)
