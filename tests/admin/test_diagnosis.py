"""Staff with the permission paste a token and read what becomes of it; the page keeps nothing."""

import logging
import re

import pytest
from django.core import mail
from django.urls import reverse
from django.utils.log import AdminEmailHandler
from django.views.debug import get_default_exception_reporter_filter

from tests.admin.desk import SESSIONS, Desk
from tests.doors import Api, shown
from tests.tokens.forge import with_header
from tokens.models import Session

pytestmark = pytest.mark.django_db

PAGE = "/admin/tokens/session/diagnose/"
LINK = f'href="{PAGE}"'


@pytest.fixture
def clinic(make_staff) -> Desk:
    """Somebody who may diagnose, and nothing else."""
    return Desk.of(make_staff("tokens.diagnose"))


def outcomes(page) -> dict[str, str]:
    rows = re.findall(r'<th scope="row"[^>]*>(.*?)</th><td[^>]*>(.*?)</td>', page.content.decode())
    return {name: re.sub("<[^>]+>", "", text) for name, text in rows}


def test_the_steps_of_a_good_token(clinic, bearer):
    page = clinic.post(PAGE, {"token": f" Bearer {bearer.access}"})
    assert page.status_code == 200
    assert "Accepted. Left out around the token: spaces, Bearer." in shown(page)
    assert outcomes(page)["session"] == outcomes(page)["server"] == "passed"
    assert outcomes(page)["cors"] == "skipped"


def test_the_steps_of_a_dead_token_from_a_foreign_page(clinic, bearer):
    bearer.logout()
    asked = {"token": bearer.access, "origin": "https://evil.example", "cookie": "on"}
    page = clinic.post(PAGE, asked)
    assert "Not accepted: session, server, cors, csrf, site." in shown(page)
    assert "logged out" in shown(page)
    assert outcomes(page)["session"] == "failed"
    assert 'value="https://evil.example"' in page.content.decode()


def test_neither_token_nor_address_is_on_the_page(clinic, bearer, caplog):
    for body in ({"token": bearer.access}, {"token": bearer.access, "origin": "x" * 301}):
        page = clinic.post(PAGE, body).content.decode()
        for secret in (bearer.access, bearer.access.split(".")[1], "ada@example.com"):
            assert secret not in page
            assert secret not in caplog.text


@pytest.mark.parametrize("quoted", ["\x1b]0;owned\x07", "eve@example.com", "\ud800"])
def test_what_a_token_quotes_is_no_fault(clinic, bearer, quoted):
    page = clinic.post(PAGE, {"token": with_header(bearer.access, crit=[quoted])})
    assert page.status_code == 200
    assert "header fields are not ours" in shown(page)
    assert not re.search(r"\x1b|\x07|eve@", page.content.decode())


def test_no_more_is_read_than_a_token_may_be_long(clinic):
    page = clinic.post(PAGE, {"token": "a" * 16385})
    assert "at most 16384 characters" in shown(page)
    assert outcomes(page) == {}


@pytest.fixture
def djangos_reports(settings, monkeypatch):
    """All that is mailed of faults where a project has Django's reporter instead of ours."""
    settings.ADMINS = [("Operator", "ops@example.com")]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.DEFAULT_EXCEPTION_REPORTER = "django.views.debug.ExceptionReporter"
    settings.DEFAULT_EXCEPTION_REPORTER_FILTER = "django.views.debug.SafeExceptionReporterFilter"
    handler = AdminEmailHandler(include_html=True)
    monkeypatch.setattr(logging.getLogger("django.request"), "handlers", [handler])
    get_default_exception_reporter_filter.cache_clear()
    yield lambda: "".join(
        part for sent in mail.outbox for part in (sent.body, *dict(sent.alternatives))
    )
    get_default_exception_reporter_filter.cache_clear()


def test_a_fault_mails_no_token(clinic, bearer, settings, djangos_reports):
    settings.MIDDLEWARE = ["nowhere.CorsMiddleware"]  # the diagnosis alone reads it now
    asked = {"token": bearer.access, "origin": "https://evil.example"}
    assert clinic.post(PAGE, asked).status_code == 500
    report = djangos_reports()
    assert "nowhere" in report
    assert "<td>asked</td>" in report, "no local variables: nothing is shown by this"
    for secret in bearer.access.split(".")[1:]:
        assert secret not in report


def test_it_is_never_read_from_the_address(clinic, bearer):
    page = clinic.get(PAGE, token=bearer.access)
    assert page.status_code == 200
    assert outcomes(page) == {}
    assert bearer.access not in page.content.decode()


def test_an_empty_form_says_what_is_missing(clinic):
    page = clinic.post(PAGE, {"token": ""})
    assert "This field is required." in shown(page)
    assert outcomes(page) == {}
    assert outcomes(clinic.post(PAGE, {"token": " \n"}))["present"] == "failed"


def test_the_permission_is_needed_and_leads_there(support_desk, make_staff, user, bearer):
    assert LINK not in support_desk.rows(SESSIONS).content.decode()
    assert support_desk.get(PAGE).status_code == 403
    assert support_desk.post(PAGE, {"token": bearer.access}).status_code == 403
    both = make_staff("tokens.diagnose", "tokens.view_session", email="both@example.com")
    assert LINK in Desk.of(both).rows(SESSIONS).content.decode()
    assert Desk.of(user).get(PAGE).status_code == 302


def test_nobody_else_gets_there(user, bearer):
    stranger = Desk()
    assert stranger.get(PAGE).url.startswith("/admin/login/?next=")
    assert stranger.post(PAGE, {"token": bearer.access}).status_code == 302
    assert Desk.of(user).follow(PAGE)[0].status_code == 403


def test_another_site_cannot_make_staff_ask(clinic, bearer):
    page = clinic.post(PAGE, {"token": bearer.access}, origin="https://evil.example")
    assert page.status_code == 403


def test_it_leads_back_to_what_may_be_seen(clinic, desk):
    listed = reverse("admin:tokens_session_changelist")
    assert f'href="{listed}"' in desk.get(PAGE).content.decode()
    assert f'href="{listed}"' not in clinic.get(PAGE).content.decode()


def test_asking_changes_nothing(clinic, user):
    held = Api().login(transport="bearer")
    row = Session.objects.filter(pk=held.sid)
    before = row.values().get()
    clinic.post(PAGE, {"token": held.refresh_token})
    assert row.values().get() == before
