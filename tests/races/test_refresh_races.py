"""One refresh token in many hands at once, and refreshes that meet the end of their session."""

import copy
from functools import partial
from itertools import pairwise

import pytest
from django_tasks_db.models import DBTaskResult

from tests.doors import PASSWORD, Api, codes
from tests.races.crowd import all_at_once, statuses
from tests.tokens.carrying import PROFILE, by_header, refresh_token_of, refreshed
from tests.tokens.forge import claims_of
from tokens.models import RevokeReason, Session
from tokens.signals import reuse_detected, session_refreshed, session_revoked

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]

CROWD = 20
ROUNDS = 10
ALARM = "Portcullis: We ended one of your sessions for your safety"


def clone(api: Api) -> Api:
    """Another tab, or a thief: the same tokens, cookies and headers."""
    other = Api(**api.headers)
    other.client.cookies = copy.deepcopy(api.client.cookies)
    other.access, other.refresh_token, other.answer = api.access, api.refresh_token, api.answer
    return other


def refresh_and_keep(api: Api):
    response = api.refresh()
    if response.status_code == 200:
        api.take(response)
    return response


def change_password(api: Api, old: str, new: str):
    return api.post("/auth/change-password", {"current_password": old, "new_password": new})


def passwords():
    """The password and its successor, for each round."""
    names = [f"{PASSWORD}-{number}" for number in range(1, ROUNDS)]
    return pairwise([PASSWORD, *names])


def alive() -> list[Session]:
    return list(Session.objects.open())


def test_twenty_tabs_that_refresh_together_stay_one_lineage(door, listen):
    heard = listen(session_refreshed)
    tabs = [clone(door) for _ in range(CROWD)]

    responses = all_at_once(*(partial(refresh_and_keep, tab) for tab in tabs))

    assert statuses(responses) == [200] * CROWD
    session = Session.objects.get()
    assert (session.generation, session.min_generation) == (1, 0)
    assert {claims_of(refresh_token_of(tab))["gen"] for tab in tabs} == {1}
    assert {claims_of(refresh_token_of(tab))["sid"] for tab in tabs} == {str(session.pk)}
    assert sorted(fact["rotated"] for fact in heard) == [False] * (CROWD - 1) + [True]
    assert all(tab.get(PROFILE).status_code == 200 for tab in tabs)


def test_tabs_that_go_on_refreshing_together_never_set_off_an_alarm(bearer, listen):
    alarms = listen(reuse_detected)
    for round_ in range(1, ROUNDS + 1):
        tabs = [clone(bearer) for _ in range(8)]
        assert statuses(all_at_once(*(tab.refresh for tab in tabs))) == [200] * 8
        refreshed(bearer)
        assert Session.objects.get().generation == round_
    assert not alarms


def test_twenty_thieves_after_the_grace_are_refused_and_the_owner_is_told_once(
    door, later, listen, mailbox
):
    alarms, revocations = listen(reuse_detected), listen(session_revoked)
    thieves = [clone(door) for _ in range(CROWD)]
    refreshed(door)
    later(seconds=11)

    responses = all_at_once(*(thief.refresh for thief in thieves))

    assert statuses(responses) == [401] * CROWD
    assert {code for response in responses for code in codes(response)} == {"token_invalid"}
    assert Session.objects.get().revoke_reason == RevokeReason.REUSE
    assert len(alarms) == len(revocations) == 1
    notices = DBTaskResult.objects.filter(task_path__endswith="mail_notice")
    assert notices.count() == 1
    assert mailbox.subjects() == [ALARM]
    assert door.get(PROFILE).status_code == 401


def test_a_thief_and_the_owner_at_once_leave_no_session(bearer, later):
    """Whichever comes first, the theft ends the session, and nobody keeps a token that works."""
    thief = clone(bearer)
    refreshed(bearer)
    later(seconds=11)

    stolen, owned = all_at_once(thief.refresh, partial(refresh_and_keep, bearer))

    assert stolen.status_code == 401
    assert owned.status_code in {200, 401}
    assert alive() == []
    assert bearer.get(PROFILE).status_code == 401


@pytest.mark.parametrize("how", ["logout", "from elsewhere", "deactivation"])
def test_no_refresh_survives_the_end_of_its_session(user, transport, how):
    for _ in range(ROUNDS):
        type(user).objects.update(is_active=True)
        door = Api().login(transport=transport)
        tab, elsewhere = clone(door), Api().login(transport="bearer")
        end = {
            "logout": door.logout,
            "from elsewhere": partial(elsewhere.delete, f"/auth/sessions/{door.sid}"),
            "deactivation": partial(type(user).objects.update, is_active=False),
        }[how]

        response, ended = all_at_once(partial(refresh_and_keep, tab), end)

        assert ended == 1 or ended.status_code == 204
        assert response.status_code in {200, 401}
        assert door.sid not in {str(session.pk) for session in alive()}
        assert by_header(tab.access or tab.cookie("access")).status_code == 401
        assert tab.refresh().status_code == 401


def test_a_refresh_beside_a_password_change_keeps_only_the_change(user, transport, listen):
    alarms = listen(reuse_detected)
    for old, new in passwords():
        door = Api().login(transport=transport, password=old)
        tab = clone(door)

        response, changed = all_at_once(
            partial(refresh_and_keep, tab), partial(change_password, door, old, new)
        )

        assert response.status_code in {200, 401}
        assert changed.status_code == 200, changed.content
        door.take(changed)
        assert by_header(tab.access or tab.cookie("access")).status_code == 401
        assert tab.refresh().status_code == 401
        assert door.get(PROFILE).status_code == 200
        assert refreshed(door).get(PROFILE).status_code == 200
    assert not alarms


def test_a_refresh_of_another_session_does_not_survive_a_password_change(user):
    for old, new in passwords():
        owner, other = (Api().login(transport="bearer", password=old) for _ in range(2))

        response, changed = all_at_once(
            partial(refresh_and_keep, other), partial(change_password, owner, old, new)
        )

        assert response.status_code in {200, 401}
        assert changed.status_code == 200
        assert other.get(PROFILE).status_code == 401
        assert other.refresh().status_code == 401


def test_twenty_logouts_are_one_revocation(door, listen):
    heard = listen(session_revoked)
    tabs = [clone(door) for _ in range(CROWD)]
    assert statuses(all_at_once(*(tab.logout for tab in tabs))) == [204] * CROWD
    assert [fact["reason"] for fact in heard] == [RevokeReason.LOGOUT]


def test_a_login_that_overlaps_with_a_password_change_gives_no_living_session(user):
    """Whoever logs in with the old password meanwhile gets in before the change, or not at all."""
    for old, new in passwords():
        owner, late = Api().login(transport="bearer", password=old), Api()

        attempt, changed = all_at_once(
            partial(late.try_login, password=old, transport="bearer"),
            partial(change_password, owner, old, new),
        )

        assert changed.status_code == 200
        assert attempt.status_code in {200, 401}
        if attempt.status_code == 200:
            assert by_header(attempt.json()["access"]).status_code == 401
        owner.take(changed)
        assert [str(session.pk) for session in alive()] == [owner.sid]
