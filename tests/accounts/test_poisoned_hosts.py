"""A mailed link leads to BASE_URL, whatever host the request names."""

import re

import pytest

from tests.doors import PASSWORD, Api, Pages

pytestmark = pytest.mark.django_db

EMAIL, NEW = "ada@example.com", "new@example.com"
FORGED = {
    "Host": "evil.example",
    "X-Forwarded-Host": "evil.example",
    "X-Original-Host": "evil.example",
    "X-Host": "evil.example",
    "Forwarded": "host=evil.example",
}
BODIES = {
    "/auth/register": {"email": NEW, "password": PASSWORD, "name": "New"},
    "/auth/register (taken)": {"email": EMAIL, "password": PASSWORD, "name": "New"},
    "/auth/forgot-password": {"email": EMAIL},
    "/auth/resend-verification": {"email": "fresh@example.com"},
}


@pytest.fixture
def careless(settings, user, make_user) -> None:
    """A host project that believes every Host header."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.USE_X_FORWARDED_HOST = True
    make_user("fresh@example.com", email_verified_at=None, is_pending=True)


def texts(message) -> str:
    parts = [message.get_body((kind,)).get_content() for kind in ("plain", "html")]
    return "\n".join([*parts, *map(str, message.values())])


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("header", FORGED)
def test_no_header_leads_a_mailed_link_astray(careless, mailbox, path, header):
    api = Api(**{header: FORGED[header]})
    assert api.post(path.partition(" ")[0], BODIES[path]).status_code == 202
    text = texts(mailbox.latest())
    assert "evil.example" not in text
    assert set(re.findall(r"https?://([^/\s\"<]+)", text)) == {"portcullis.test"}


def test_no_header_leads_a_page_astray(careless, mailbox):
    browser = Pages()
    forged = {"HTTP_HOST": "evil.example", "HTTP_X_FORWARDED_HOST": "evil.example"}
    browser.send("/accounts/password/reset/", {"email": EMAIL}, HTTP_X_HOST="evil.example")
    answer = browser.visit("/accounts/profile/", **forged)
    assert answer.url.startswith("/accounts/login/")
    assert "evil.example" not in texts(mailbox.latest())


@pytest.mark.parametrize("path", BODIES)
def test_an_unknown_host_is_refused_and_mails_nothing(user, mailbox, path):
    api = Api(Host="evil.example")
    assert api.post(path.partition(" ")[0], BODIES[path]).status_code == 400
    assert mailbox.read() == []
