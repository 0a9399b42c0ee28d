"""The stages after the first factor: a demand, its ticket, and what a stage may restrict."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session as DjangoSession
from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response
from time_machine import travel

from accounts.delivery import login_answer
from accounts.errors import InvalidCode
from accounts.login import resume
from accounts.models import PendingLogin
from accounts.stages import Attempt, Demand, Passed, Proof
from portcullis.client import Client
from tests.doors import PASSWORD, Api, codes
from tokens.endpoints import PublicEndpoint
from tokens.models import Restriction, Session

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

VERIFIED = "accounts.stages.VerifiedEmail"
RIGHT, WRONG = "42", "41"


class Riddle:
    """A second factor of the suite's own: the answer is 42."""

    def judge(self, attempt: Attempt) -> Passed | Demand:
        return Demand(("riddle",))

    def prove(self, attempt: Attempt, proof: Proof) -> tuple[str, ...]:
        if proof.code != "42":
            raise InvalidCode("wrong answer")
        return ("riddle",)


class SecondRiddle(Riddle):
    """Asked after the first one."""


class CompromisedPassword:
    """Lets everybody in, to change the password and do nothing else."""

    def judge(self, attempt: Attempt) -> Passed | Demand:
        return Passed(Restriction.CHANGE_PASSWORD)

    def prove(self, attempt: Attempt, proof: Proof) -> tuple[str, ...]:
        raise AssertionError("it demands nothing")


class RiddleView(PublicEndpoint):
    """Where the second factor's answer is brought."""

    def post(self, request: Request) -> Response:
        proof = Proof("riddle", request.data["code"])
        ticket, client = request.data["ticket"], Client.of(request._request)
        return login_answer(request, resume(ticket=ticket, proof=proof, client=client))


urlpatterns = [path("api/riddle", RiddleView.as_view()), path("", include("config.urls"))]


@pytest.fixture
def stages(accounts):
    """Log in through VerifiedEmail and then through these."""

    def enter(*classes: type) -> None:
        accounts(LOGIN_STAGES=(VERIFIED, *(f"{__name__}.{each.__name__}" for each in classes)))

    return enter


@pytest.fixture
def ticket(user, stages) -> str:
    stages(Riddle)
    return challenged(Api())


def challenged(api: Api, **fields) -> str:
    return api.try_login(**fields).json()["mfa_token"]


def bring(ticket: str, code: str = RIGHT, api: Api | None = None):
    return (api or Api()).post("/riddle", {"ticket": ticket, "code": code})


def refused(response, code: str) -> bool:
    return (response.status_code, codes(response)) == (401, [code])


def test_a_demand_answers_with_a_ticket_and_no_token_of_any_kind(user, api, stages, transport):
    stages(Riddle)
    response = api.try_login(transport=transport)
    assert response.status_code == 200
    answer = response.json()
    ticket = answer.pop("mfa_token")
    assert answer == {"mfa_required": True, "methods": ["riddle"], "expires_in": 300}
    assert len(ticket) >= 43
    assert response.cookies.keys() <= {"__Host-csrftoken"}
    assert api.client.cookies.keys() <= {"__Host-csrftoken"}
    assert not Session.objects.exists()
    assert not DjangoSession.objects.exists()
    assert api.get("/users/profile").status_code == 401


def test_a_ticket_is_no_token(user, ticket):
    assert Api().get("/users/profile", Authorization=f"Bearer {ticket}").status_code == 401
    assert Api().post("/auth/refresh", {"refresh": ticket}).status_code == 401


def test_a_ticket_is_stored_as_a_digest_only(ticket, everything_stored):
    assert PendingLogin.objects.exists()
    assert ticket not in everything_stored()


def test_a_wrong_password_gets_no_ticket(user, api, stages):
    stages(Riddle)
    answer = api.try_login(password="Difference-Engine-1822")
    assert (answer.status_code, codes(answer)) == (401, ["invalid_credentials"])
    assert not PendingLogin.objects.exists()


def test_an_unverified_account_gets_no_ticket(make_user, api, stages):
    make_user(email_verified_at=None)
    stages(Riddle)
    assert codes(api.try_login()) == ["invalid_credentials"]
    assert not PendingLogin.objects.exists()


@pytest.mark.parametrize("remember_me", [False, True])
def test_the_right_proof_admits_as_the_login_asked(user, api, stages, transport, remember_me):
    stages(Riddle)
    ticket = challenged(api, transport=transport, remember_me=remember_me)
    answer = bring(ticket, api=api)
    assert answer.status_code == 200
    api.take(answer)
    assert api.answer["mfa_required"] is False
    assert api.answer["user"]["id"] == str(user.pk)
    said = api.answer["session"]
    assert said["auth_methods"] == ["pwd", "riddle"]
    assert (said["transport"], said["remember_me"]) == (transport, remember_me)
    assert said["restriction"] is None
    assert Session.objects.get().second_factor_at is not None
    assert api.get("/users/profile").status_code == 200


def test_a_ticket_admits_once(ticket):
    assert bring(ticket).status_code == 200
    assert refused(bring(ticket), "mfa_token_invalid")
    assert Session.objects.count() == 1


def test_five_wrong_proofs_kill_the_ticket(ticket):
    for _ in range(5):
        assert refused(bring(ticket, WRONG), "invalid_code")
    assert refused(bring(ticket), "mfa_token_invalid")
    assert not Session.objects.exists()


def test_four_wrong_proofs_leave_one(ticket):
    for _ in range(4):
        assert refused(bring(ticket, WRONG), "invalid_code")
    assert bring(ticket).status_code == 200


@pytest.mark.parametrize("unknown", ["", "no-such-ticket", "\x00", "x" * 10_000])
def test_an_unknown_ticket_admits_nobody(ticket, unknown):
    assert refused(bring(unknown), "mfa_token_invalid")


def test_a_ticket_dies_with_the_user_s_deactivation(user, ticket):
    user.is_active = False
    user.save()
    assert refused(bring(ticket), "mfa_token_invalid")


def test_a_ticket_dies_with_a_password_change(user, ticket):
    user.set_password(PASSWORD)
    user.save()
    assert refused(bring(ticket), "mfa_token_invalid")


@pytest.mark.parametrize(("seconds", "status"), [(299, 200), (301, 401)])
def test_a_ticket_lives_five_minutes(ticket, seconds, status):
    made = PendingLogin.objects.get().created_at
    with travel(made + timedelta(seconds=seconds), tick=False):
        assert bring(ticket).status_code == status


def test_a_ticket_dies_with_its_stage(ticket, stages):
    stages(SecondRiddle)
    assert refused(bring(ticket), "mfa_token_invalid")


def test_a_second_demand_gives_another_ticket(user, api, stages):
    stages(Riddle, SecondRiddle)
    first = challenged(api, transport="bearer")
    answer = bring(first).json()
    assert answer.keys() == {"mfa_required", "mfa_token", "methods", "expires_in"}
    second = answer["mfa_token"]
    assert refused(bring(first), "mfa_token_invalid")
    assert bring(second).json()["session"]["auth_methods"] == ["pwd", "riddle", "riddle"]


def test_a_stage_may_restrict_the_session_to_one_step(user, api, stages, transport):
    stages(CompromisedPassword)
    api.login(transport=transport)
    assert api.answer["session"]["restriction"] == "change_password"
    refusal = api.get("/users/profile")
    assert (refusal.status_code, codes(refusal)) == (403, ["permission_denied"])
    assert api.patch("/users/profile", {"name": "Eve"}).status_code == 403
    assert api.get("/auth/sessions").status_code == 403


def test_a_refresh_does_not_lift_a_restriction(user, api, stages):
    stages(CompromisedPassword)
    api.login(transport="bearer")
    api.take(api.refresh())
    assert api.answer["session"]["restriction"] == "change_password"
    assert api.get("/users/profile").status_code == 403


def test_the_step_itself_lifts_the_restriction(user, api, stages):
    stages(CompromisedPassword)
    api.login(transport="bearer")
    body = {"current_password": PASSWORD, "new_password": "Difference-Engine-1822"}
    answer = api.post("/auth/change-password", body)
    assert answer.status_code == 200
    api.take(answer)
    assert api.answer["session"]["restriction"] is None
    assert api.get("/users/profile").status_code == 200


def test_a_restriction_survives_a_demand_that_comes_after_it(user, api, stages):
    stages(CompromisedPassword, Riddle)
    api.take(bring(challenged(api, transport="bearer"), api=api))
    assert api.answer["session"]["restriction"] == "change_password"
    assert api.get("/users/profile").status_code == 403
