"""The outbox: under DEBUG, every mail as text and as HTML, to this machine alone."""

import email
import email.policy

import pytest
from django.core.mail import EmailMultiAlternatives
from django.urls import path

from config import outbox, urls
from tests.doors import Api

urlpatterns = [
    path("outbox/", outbox.outbox, name="outbox"),
    path("outbox/<str:name>.txt", outbox.outbox_text, name="outbox-text"),
    path("outbox/<str:name>.html", outbox.outbox_html, name="outbox-html"),
    *urls.urlpatterns,
]
pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]
PLACES = ["outbox/", "outbox/latest.txt", "outbox/latest.html"]


@pytest.fixture(autouse=True)
def kept(settings, tmp_path):
    settings.EMAIL_BACKEND = "config.outbox.OutboxBackend"
    settings.OUTBOX = tmp_path / "outbox"
    return settings.OUTBOX


def send(subject: str, text: str, html: str | None = None) -> None:
    mail = EmailMultiAlternatives(subject=subject, body=text, to=["ada@example.com"])
    if html is not None:
        mail.attach_alternative(html, "text/html")
    mail.send()


def shown(place: str) -> str:
    answer = Api().get(f"//{place}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_mail_is_kept_for_its_owner_alone(kept):
    send("One", "Hello")
    (file,) = kept.iterdir()
    assert kept.stat().st_mode & 0o777 == 0o700
    mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert mail["Subject"] == "One"


def test_the_page_shows_each_text_and_a_link_to_its_html_newest_first(kept):
    send("Older", "Older text", "<p>Older</p>")
    send("Newer", "Newer text\n\nhttps://portcullis.test/accounts/login/?a=1&b=2\n")
    page = shown("outbox/")
    assert page.index("Newer text") < page.index("Older text")
    newer, older = sorted((file.stem for file in kept.iterdir()), reverse=True)
    assert f'href="/outbox/{older}.html"' in page
    assert f'href="/outbox/{newer}.html"' not in page
    assert f'href="/outbox/{newer}.txt"' in page
    assert 'href="https://portcullis.test/accounts/login/?a=1&amp;b=2"' in page


def test_a_mail_is_no_markup_of_the_page():
    send("<script>subject</script>", "<script>text</script>", "<script>html</script>")
    page = shown("outbox/")
    assert "&lt;script&gt;subject" in page
    assert "&lt;script&gt;text" in page
    for word in ("subject", "text", "html"):
        assert f"<script>{word}" not in page


@pytest.mark.parametrize("order", [1, 2])
def test_the_newest_text_has_a_name_for_the_shell(order):
    for number in range(order + 1):
        send(f"No. {number}", f"Käse {number}", f"<p>{number}</p>")
    assert shown("outbox/latest.txt") == f"Käse {order}"
    assert shown("outbox/latest.html") == f"<p>{order}</p>"


def test_the_text_is_plain_and_keeps_the_policy_of_pages():
    send("One", "<b>text</b>")
    answer = Api().get("//outbox/latest.txt")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


def test_the_html_may_style_itself_and_do_nothing_else():
    send("One", "text", "<p style='color: red'>html</p>")
    answer = Api().get("//outbox/latest.html")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["X-Frame-Options"] == "DENY"
    policy = answer.headers["Content-Security-Policy"]
    assert set(policy.split("; ")) == {
        "sandbox",
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    }


@pytest.mark.parametrize("place", PLACES)
def test_nobody_elsewhere_sees_it(place):
    send("One", "text", "<p>html</p>")
    client = Api().client
    assert client.get(f"/{place}", secure=True, REMOTE_ADDR="127.0.0.1").status_code == 200
    assert client.get(f"/{place}", secure=True, REMOTE_ADDR="203.0.113.9").status_code == 404


def test_what_is_not_there_is_not_found():
    assert "Nothing yet" in shown("outbox/")
    for place in ("latest.txt", "latest.html", "1.txt", "..%2f..%2fmanage.py.txt"):
        assert Api().get(f"//outbox/{place}").status_code == 404
    send("One", "text")
    assert Api().get("//outbox/latest.html").status_code == 404
