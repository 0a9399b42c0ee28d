"""The purge beside everybody else: refreshes, another purge, a lock, a session on its last second;
and an operator who ends all sessions beside their owners."""

from datetime import timedelta
from functools import partial
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from portcullis.purge import purge
from portcullis.registry import Expiring
from tests.doors import PASSWORD, Api
from tests.races.crowd import all_at_once
from tests.races.waiting import holding
from tests.tokens.carrying import PROFILE
from tokens.flows import revoke_all, revoke_in_batches
from tokens.models import RevokeReason, Session

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]

ROUNDS = 10
SESSIONS = Expiring(Session, "expires_at")


def flush(batch_size: int = 2) -> int:
    return sum(purge(SESSIONS, now=timezone.now(), batch_size=batch_size))


def expired(user, count: int) -> list[Session]:
    gone = timezone.now() - timedelta(days=1)
    return Session.objects.bulk_create(
        Session(
            user=user, epoch=0, expires_at=gone + timedelta(seconds=n), absolute_expires_at=gone
        )
        for n in range(count)
    )


def refreshing(api: Api, times: int) -> list[int]:
    answers = []
    for _ in range(times):
        response = api.refresh()
        answers.append(response.status_code)
        if response.status_code == 200:
            api.take(response)
    return answers


def test_living_sessions_refresh_unharmed_beside_a_purge(user, transport):
    expired(user, 400)
    clients = [Api().login(transport=transport) for _ in range(4)]

    *answers, deleted = all_at_once(
        *(partial(refreshing, client, times=10) for client in clients), flush
    )

    assert answers == [[200] * 10] * 4
    assert deleted == 400
    assert [client.get(PROFILE).status_code for client in clients] == [200] * 4
    assert Session.objects.count() == 4


def test_a_session_in_its_last_moment_is_refreshed_or_purged_never_both(user):
    """The purge runs by a clock that is ahead, as of another machine: the refresh may still win,
    and then the row must stay."""
    ahead = timedelta(minutes=1)
    for _ in range(ROUNDS):
        clients = [Api().login(transport="bearer") for _ in range(3)]
        Session.objects.update(expires_at=timezone.now() + ahead / 2)

        *answers, deleted = all_at_once(
            *(partial(refreshing, client, times=1) for client in clients),
            lambda: sum(purge(SESSIONS, now=timezone.now() + ahead, batch_size=2)),
        )

        refreshed = [
            client for client, answer in zip(clients, answers, strict=True) if answer == [200]
        ]
        assert len(refreshed) + deleted == 3
        assert [client.get(PROFILE).status_code for client in refreshed] == [200] * len(refreshed)
        assert {str(session.pk) for session in Session.objects.all()} == {
            client.sid for client in refreshed
        }
        Session.objects.all().delete()


def test_a_session_that_is_renewed_while_the_purge_looks_at_it_stays(user):
    """The refresh commits between the purge's snapshot and its lock: it looks at the row again."""
    _, renewed = expired(user, 2)

    def wait_for_locks(execute, sql, *rest):
        return execute(sql.replace("SKIP LOCKED", ""), *rest)  # it stops where we want it to

    def purge_that_waits() -> int:
        with connection.execute_wrapper(wait_for_locks):
            return flush(batch_size=10)

    later = timezone.now() + timedelta(days=1)
    with holding(lambda: Session.objects.filter(pk=renewed.pk).update(expires_at=later)) as start:
        purging = start(purge_that_waits)
    assert purging.result(timeout=20) == 1
    assert Session.objects.get() == renewed


def test_two_purges_share_the_work_and_delete_nothing_twice(user):
    kept = Api().login(transport="bearer")
    for _ in range(ROUNDS):
        expired(user, 101)
        one, other = all_at_once(partial(flush, 5), partial(flush, 5))
        assert one + other == 101
        assert Session.objects.count() == 1
    assert kept.get(PROFILE).status_code == 200


def test_a_row_that_somebody_holds_is_left_to_the_next_run(user):
    rows = expired(user, 6)
    held = Session.objects.select_for_update().filter(pk__in=[rows[0].pk, rows[3].pk])

    with transaction.atomic():
        assert len(held) == 2
        [deleted] = all_at_once(flush)
        assert deleted == 4

    assert set(Session.objects.all()) == {rows[0], rows[3]}
    assert flush() == 2


def test_a_purge_that_is_cut_off_has_kept_what_it_committed(user):
    expired(user, 10)
    batches = purge(SESSIONS, now=timezone.now(), batch_size=3)
    assert [next(batches), next(batches)] == [3, 3]
    batches.close()

    with transaction.atomic():  # another connection sees it already
        [left] = all_at_once(Session.objects.count)
    assert left == 4
    assert flush() == 4


# Ending all sessions ------------------------------------------------------------------------------


def test_no_refresh_outlives_an_operator_who_ends_all_sessions(user, transport):
    for _ in range(ROUNDS):
        client = Api().login(transport=transport)
        end = partial(call_command, "revokesessions", "--all", stdout=StringIO())

        [answer], _ = all_at_once(partial(refreshing, client, times=1), end)

        assert answer in {200, 401}
        assert client.get(PROFILE).status_code == 401
        assert client.refresh().status_code == 401


def test_who_ends_the_same_sessions_together_never_waits_for_each_other(user):
    end = {"reason": RevokeReason.OPERATOR}
    for _ in range(ROUNDS):
        alive = [Api().login(transport="bearer").sid for _ in range(5)]
        ended = all_at_once(
            lambda: sum(revoke_in_batches(Session.objects.all(), **end)),
            lambda: sum(revoke_in_batches(Session.objects.all(), **end)),
            lambda: revoke_all(user=user, reason=RevokeReason.PASSWORD),
        )
        assert sum(ended) == len(alive)
    assert Api().login(password=PASSWORD).get(PROFILE).status_code == 200
