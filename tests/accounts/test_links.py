"""One-time links from request to mailbox: where their secret is, and where it is not."""

from datetime import timedelta

import pytest
from django.conf import settings as project
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from time_machine import travel

from accounts.emails import mail_link
from accounts.models import OneTimeToken
from portcullis import secrets
from tests.doors import ORIGIN, PASSWORD, Api, codes

pytestmark = pytest.mark.django_db

EMAIL = "ada@example.com"
NEW = "Difference-Engine-1822"
BUTTON = {
    "verify_email": "/accounts/verify-email/",
    "reset_password": "/accounts/password/reset/confirm/",
}
ORDERS = {
    "verify_email": lambda: Api().register(EMAIL),
    "reset_password": lambda: Api().post("/auth/forgot-password", {"email": EMAIL}),
}

both_purposes = pytest.mark.parametrize("purpose", ORDERS)

PENDING = {"email_verified_at": None, "is_pending": True}


@pytest.fixture
def order(make_user, purpose):
    """Order a link of that purpose; returns its row."""
    make_user(**(PENDING if purpose == "verify_email" else {}))

    def order() -> OneTimeToken:
        assert ORDERS[purpose]().status_code == 202
        return OneTimeToken.objects.latest("created_at")

    return order


def spend(purpose: str, token: str):
    if purpose == "verify_email":
        return Api().post("/auth/verify-email", {"token": token})
    return Api().post("/auth/reset-password", {"token": token, "password": NEW})


# Where the secret is ------------------------------------------------------------------------------


@both_purposes
def test_before_the_worker_runs_there_is_no_secret_at_all(order, purpose):
    link = order()
    assert link.digest is None
    assert (link.recipient, link.purpose) == (EMAIL, purpose)
    task = DBTaskResult.objects.get()
    assert task.args_kwargs == {"args": [str(link.pk)], "kwargs": {}}


@both_purposes
def test_the_mailed_secret_rests_as_a_digest_only(order, tokens, everything_stored):
    link = order()
    [secret] = tokens()
    link.refresh_from_db()
    assert link.digest == secrets.digest(secret)
    assert len(secret) >= 43
    assert secret not in everything_stored()


@both_purposes
def test_an_unarmed_link_cannot_be_spent(order, purpose):
    order()
    for guess in ("", "None", "null", secrets.digest("")):
        assert spend(purpose, guess).status_code == 400
    assert OneTimeToken.objects.get().spent_at is None


@both_purposes
def test_a_stolen_digest_opens_nothing(order, purpose, tokens):
    link = order()
    tokens()
    link.refresh_from_db()
    assert codes(spend(purpose, link.digest)) == ["link_invalid"]


@both_purposes
def test_a_spent_link_keeps_no_password(order, purpose, tokens):
    order()
    assert spend(purpose, tokens()[0]).status_code == 200
    assert OneTimeToken.objects.get(purpose=purpose).payload == {}


def test_a_registration_waits_hashed(api, everything_stored):
    api.register()
    assert OneTimeToken.objects.get().payload["password"].startswith("argon2$")
    assert PASSWORD not in everything_stored()


# What the worker mails ----------------------------------------------------------------------------


@both_purposes
def test_a_link_killed_on_its_way_mails_nothing(order, mailbox):
    order()
    OneTimeToken.objects.update(killed_at=timezone.now())
    assert mailbox.read() == []
    assert OneTimeToken.objects.get().digest is None


@both_purposes
@pytest.mark.parametrize(
    "change",
    [
        lambda user: user.set_password(NEW),
        lambda user: setattr(user, "email", "grace@example.com"),
        lambda user: setattr(user, "is_active", False),
    ],
    ids=["password", "address", "deactivation"],
)
def test_a_link_whose_account_changed_on_its_way_mails_nothing(order, mailbox, change):
    user = order().user
    change(user)
    user.save()
    assert mailbox.read() == []


@both_purposes
def test_a_link_that_expired_on_its_way_mails_nothing(order, mailbox):
    order()
    with travel(timezone.now() + timedelta(hours=25)):
        assert mailbox.read() == []


@both_purposes
def test_a_retried_mail_replaces_its_own_digest_only(order, purpose, make_user, tokens):
    link = order()
    make_user("grace@example.com")
    Api().post("/auth/forgot-password", {"email": "grace@example.com"})
    first, other = tokens()
    mail_link.enqueue(str(link.pk))
    again = tokens()[-1]
    assert again not in (first, other)
    assert codes(spend(purpose, first)) == ["link_invalid"]
    assert spend("reset_password", other).status_code == 200
    assert spend(purpose, again).status_code == 200


@pytest.mark.parametrize("path", ["/auth/forgot-password", "/auth/resend-verification"])
def test_an_unknown_address_leaves_a_decoy_that_is_dead_and_mails_nothing(api, mailbox, path):
    api.post(path, {"email": "nobody@example.com"})
    decoy = OneTimeToken.objects.get()
    assert (decoy.user, decoy.recipient) == (None, "")
    assert decoy.killed_at is not None
    assert DBTaskResult.objects.count() == 1
    assert mailbox.read() == []
    decoy.refresh_from_db()
    assert decoy.digest is None


@both_purposes
def test_a_task_for_a_link_that_is_gone_mails_nothing(order, mailbox):
    order()
    OneTimeToken.objects.all().delete()
    assert mailbox.read() == []
    assert DBTaskResult.objects.get().status == "SUCCESSFUL"


# Where the link leads -----------------------------------------------------------------------------


@both_purposes
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "testserver"},
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"},
        {"Forwarded": "host=evil.example"},
        {"Origin": "https://evil.example", "Referer": "https://evil.example/"},
    ],
    ids=["another host of ours", "forwarded", "forwarded with proto", "rfc 7239", "origin"],
)
def test_a_link_leads_to_our_own_origin_whatever_the_request_said(
    make_user, mailbox, purpose, headers
):
    make_user(**(PENDING if purpose == "verify_email" else {}))
    path, body = {
        "verify_email": ("/auth/resend-verification", {"email": EMAIL}),
        "reset_password": ("/auth/forgot-password", {"email": EMAIL}),
    }[purpose]
    assert Api(**headers).post(path, body).status_code == 202
    mail = mailbox.latest()
    link = f"{ORIGIN}{BUTTON[purpose]}?token={mailbox.token()}"
    for kind in ("plain", "html"):
        text = mail.get_body((kind,)).get_content()
        assert link in text
        assert "evil" not in text
        assert "testserver" not in text


def test_a_forged_host_is_refused_and_mails_nothing(user, mailbox):
    answer = Api(Host="evil.example").post("/auth/forgot-password", {"email": EMAIL})
    assert answer.status_code == 400
    assert mailbox.read() == []


def test_mail_comes_from_our_own_sender_and_asks_for_no_auto_reply(user, api, mailbox):
    api.post("/auth/forgot-password", {"email": EMAIL})
    mail = mailbox.latest()
    assert mail["From"] == project.DEFAULT_FROM_EMAIL
    assert mail["To"] == EMAIL
    assert mail["Auto-Submitted"] == "auto-generated"


# Verifying by GET and by POST ---------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_address_is_verified_once_by_get_or_post(api, mailbox, method):
    def verify(token: str):
        if method == "GET":
            return Api().get(f"/auth/verify-email?token={token}")
        return Api().post("/auth/verify-email", {"token": token})

    api.register()
    link = mailbox.token()
    answer = verify(link)
    assert (answer.status_code, set(answer.json())) == (200, {"detail"})
    assert not answer.cookies
    again = verify(link)
    assert (again.status_code, codes(again)) == (400, ["link_invalid"])
    assert again.content == verify("unknown").content
    api.login()


@pytest.mark.parametrize("query", ["", "?token=", "?token=%00", "?token=%ff", "?other=x"])
def test_a_get_without_a_sound_token_is_the_same_refusal(query, db):
    answer = Api().get(f"/auth/verify-email{query}")
    assert answer.status_code == 400
    assert answer.content == Api().get("/auth/verify-email?token=unknown").content


def test_a_head_request_spends_nothing(api, mailbox):
    api.register()
    link = mailbox.token()
    Api().request("HEAD", f"/auth/verify-email?token={link}")
    Api().request("OPTIONS", f"/auth/verify-email?token={link}")
    assert Api().get(f"/auth/verify-email?token={link}").status_code == 200


def test_a_token_in_a_query_reaches_no_log(api, mailbox, caplog):
    api.register()
    link = mailbox.token()
    caplog.clear()
    for _ in range(2):  # one that works, one that is refused
        Api().get(f"/auth/verify-email?token={link}")
    assert "/api/auth/verify-email" in caplog.text
    assert link not in caplog.text
