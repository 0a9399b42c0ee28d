"""What a fault mails to the administrators: enough to find it, and nothing that opens anything."""

import logging

import pytest
from django.core import mail
from django.utils.log import AdminEmailHandler

from accounts import links
from accounts.models import Purpose
from portcullis.reports import SecretsFilter
from tests.doors import PASSWORD, Pages

pytestmark = pytest.mark.django_db

NEW = "Difference-Engine-1822"
RESET = "/accounts/password/reset/confirm/"


@pytest.fixture(params=[False, True], ids=["text", "html"])
def reports(request, settings, monkeypatch):
    """Faults are mailed, as Django's default logging does once ADMINS is set."""
    settings.ADMINS = [("Operator", "ops@example.com")]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    handler = AdminEmailHandler(include_html=request.param)
    monkeypatch.setattr(logging.getLogger("django.request"), "handlers", [handler])
    mail.outbox = []
    return lambda: "".join(
        part for sent in mail.outbox for part in (sent.body, *dict(sent.alternatives))
    )


def broken(*args: object, **kwargs: object) -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    "where",
    [
        "tokens.strict.fetch",
        "accounts.pages.views.change_password",
        "accounts.flows.password.make_password",
    ],
)
def test_a_fault_while_a_password_is_changed(user, pages: Pages, reports, monkeypatch, where):
    pages.log_in()
    form = pages.visit("/accounts/password/change/").content.decode()
    secrets = [cookie.value for cookie in pages.client.cookies.values()]
    body = {"current_password": PASSWORD, "new_password": NEW}
    token = form.partition('csrfmiddlewaretoken" value="')[2].partition('"')[0]
    monkeypatch.setattr(where, broken)

    response = pages.client.post(
        "/accounts/password/change/",
        {**body, "csrfmiddlewaretoken": token},
        secure=True,
        headers={
            "Origin": "https://portcullis.test",
            "Referer": "https://portcullis.test/?token=x42",
        },
    )

    assert response.status_code == 500
    report = reports()
    assert "ZeroDivisionError" in report
    for secret in [PASSWORD, NEW, token, "x42", *secrets]:
        assert secret not in report


@pytest.mark.parametrize("where", ["accounts.links.find", "accounts.pages.views.reset_password"])
def test_a_fault_while_a_link_is_spent(user, pages: Pages, reports, monkeypatch, where):
    link = links.order(purpose=Purpose.RESET_PASSWORD, user=user)
    _, secret = links.arm(link.pk)
    monkeypatch.setattr(where, broken)

    body = {"password": NEW, "token": secret}
    response = pages.send("/accounts/login/", body, to=f"{RESET}?token={secret}")

    assert response.status_code == 500
    report = reports()
    assert "ZeroDivisionError" in report
    assert secret not in report
    assert NEW not in report


def test_the_password_of_the_cache_is_hidden(settings):
    settings.CACHES = {"default": {"BACKEND": "x", "LOCATION": "redis://:SuperCachePw42@cache/0"}}

    assert "SuperCachePw42" not in str(SecretsFilter().get_safe_settings())
