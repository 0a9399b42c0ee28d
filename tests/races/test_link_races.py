"""What can be spent once is spent once, however many threads try at the same moment."""

from collections import Counter

import pytest
from django.contrib.auth import get_user_model
from django_tasks_db.models import DBTaskResult

from accounts.models import OneTimeToken, Purpose
from tests.accounts.moving import NEW, asked, confirm, moved, undo
from tests.doors import PASSWORD, Api, codes
from tests.races.crowd import all_at_once
from tests.races.waiting import holding
from tokens.models import Session

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

EMAIL = "ada@example.com"
CROWD = 20


def statuses(answers: list) -> Counter:
    return Counter(answer.status_code for answer in answers)


def password(number: int) -> str:
    return f"Difference-Engine-{number:04}"


def logs_in(secret: str) -> bool:
    return Api().try_login(EMAIL, secret, transport="bearer").status_code == 200


def reset(token: str, secret: str):
    return Api().post("/auth/reset-password", {"token": token, "password": secret})


def test_twenty_threads_spend_one_reset_link_and_one_password_is_set(user, api, mailbox):
    api.post("/auth/forgot-password", {"email": EMAIL})
    token = mailbox.token()
    answers = all_at_once(*(lambda n=n: reset(token, password(n)) for n in range(CROWD)))
    assert statuses(answers) == {200: 1, 400: CROWD - 1}
    assert all(codes(answer) == ["link_invalid"] for answer in answers if answer.status_code == 400)
    winner = next(n for n, answer in enumerate(answers) if answer.status_code == 200)
    assert logs_in(password(winner))
    user.refresh_from_db()
    assert user.credential_epoch == 1


def test_twenty_threads_spend_one_verification_link(api, mailbox):
    api.register()
    token = mailbox.token()
    answers = all_at_once(
        *[lambda: Api().post("/auth/verify-email", {"token": token})] * (CROWD // 2),
        *[lambda: Api().get(f"/auth/verify-email?token={token}")] * (CROWD // 2),
    )
    assert statuses(answers) == {200: 1, 400: CROWD - 1}
    assert logs_in(PASSWORD)


@pytest.mark.parametrize(
    ("mailed", "use"), [(asked, confirm), (moved, undo)], ids=["change", "undo"]
)
def test_twenty_threads_spend_one_link_of_an_address(user, mailbox, mailed, use):
    token = mailed(mailbox)
    answers = all_at_once(*[lambda: use(token)] * CROWD)
    assert statuses(answers) == {200: 1, 400: CROWD - 1}
    assert all(codes(answer) == ["link_invalid"] for answer in answers if answer.status_code == 400)
    user.refresh_from_db()
    assert (user.email, user.credential_epoch) == ((NEW, 0) if use is confirm else (EMAIL, 1))
    assert OneTimeToken.alive().filter(purpose=Purpose.UNDO_EMAIL).count() == (use is confirm)


def test_two_competing_registrations_are_verified_at_once_and_one_holds(api, mailbox, settings):
    api.register(password=password(0))
    first = mailbox.token()
    api.register(password=password(1))
    second = mailbox.token()
    answers = all_at_once(
        lambda: Api().post("/auth/verify-email", {"token": first}),
        lambda: Api().post("/auth/verify-email", {"token": second}),
    )
    assert statuses(answers) == {200: 1, 400: 1}
    winner = 0 if answers[0].status_code == 200 else 1
    assert logs_in(password(winner))
    assert not logs_in(password(1 - winner))


def test_twenty_registrations_of_one_new_address_make_one_user(mailbox):
    answers = all_at_once(*(lambda n=n: Api().register(password=password(n)) for n in range(CROWD)))
    assert statuses(answers) == {202: CROWD}
    assert len({answer.content for answer in answers}) == 1
    assert get_user_model().objects.count() == 1
    assert OneTimeToken.alive().count() == DBTaskResult.objects.count() == CROWD
    assert len(mailbox.read()) == CROWD


def test_lookalikes_registered_at_once_make_one_user(db):
    alike = [
        "kim@example.com",
        "KIM@example.com",
        "\N{KELVIN SIGN}im@example.com",
        "kim@EXAMPLE.com",
    ]
    answers = all_at_once(*(lambda each=each: Api().register(each) for each in alike))
    assert statuses(answers) == {202: len(alike)}
    assert get_user_model().objects.count() == 1


def test_parallel_password_changes_leave_one_password_and_its_session(user):
    clients = [Api().login(transport="bearer") for _ in range(6)]

    def change(number: int):
        body = {"current_password": PASSWORD, "new_password": password(number)}
        return clients[number].post("/auth/change-password", body)

    answers = all_at_once(*(lambda n=n: change(n) for n in range(len(clients))))
    assert statuses(answers)[200] == 1
    assert statuses(answers).keys() <= {200, 400, 401}
    winner = next(n for n, answer in enumerate(answers) if answer.status_code == 200)
    clients[winner].take(answers[winner])
    alive = [c.get("/users/profile").status_code == 200 for c in clients]
    assert alive == [number == winner for number in range(len(clients))]
    assert [n for n in range(len(clients)) if logs_in(password(n))] == [winner]
    assert not logs_in(PASSWORD)
    user.refresh_from_db()
    assert user.credential_epoch == 1


def test_one_session_changes_its_password_in_parallel_and_stays_signed_in(user):
    client = Api().login(transport="bearer")

    def change(number: int):
        body = {"current_password": PASSWORD, "new_password": password(number)}
        return client.post("/auth/change-password", body)

    answers = all_at_once(*(lambda n=n: change(n) for n in range(6)))
    assert statuses(answers)[200] == 1
    assert statuses(answers).keys() <= {200, 400, 401}
    client.take(next(answer for answer in answers if answer.status_code == 200))
    assert client.get("/users/profile").status_code == 200
    assert Session.objects.open().count() == 1


def test_a_reset_link_is_asked_for_while_another_is_being_spent(user, api, mailbox):
    """Both want the user and the link. Taken in another order by each, they would deadlock."""
    ask = {"email": EMAIL}
    api.post("/auth/forgot-password", ask)
    token = mailbox.token()
    with holding(lambda: list(OneTimeToken.objects.select_for_update())) as start:
        asked = start(lambda: Api().post("/auth/forgot-password", ask))
        spent = start(lambda: reset(token, password(1)))
    assert asked.result().status_code == 202
    assert spent.result().status_code in {200, 400}


@pytest.mark.parametrize(
    "change",
    [
        lambda user: user.set_password(password(2)),
        lambda user: setattr(user, "is_active", False),
        lambda user: setattr(user, "email", "grace@example.com"),
    ],
    ids=["password", "deactivation", "address"],
)
def test_a_link_whose_account_changes_while_it_is_being_spent_is_dead(user, api, mailbox, change):
    """In a shell or the admin, say, where nobody thinks of killing links."""
    api.post("/auth/forgot-password", {"email": EMAIL})
    token = mailbox.token()
    users = get_user_model().objects
    with holding(lambda: users.select_for_update().get(pk=user.pk)) as start:
        spent = start(lambda: reset(token, password(1)))
        change(user)
        user.save()
    assert (spent.result().status_code, codes(spent.result())) == (400, ["link_invalid"])
    assert not users.get().check_password(password(1))
