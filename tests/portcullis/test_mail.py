"""Every mail, by what triggers it: readable as text alone, the same in HTML, light and dark."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.template import TemplateDoesNotExist
from django.urls import resolve
from django.utils import timezone

from accounts.emails import order_link, order_notice
from accounts.models import Purpose
from portcullis import mail as mails
from portcullis.client import Client
from tests.doors import ORIGIN
from tests.portcullis.reading import Arrived, selectors_of

EMAIL = "ada@example.com"
LOADING = {"src", "srcset", "background", "poster", "data", "action", "formaction", "xlink:href"}
LINKS = {
    "verify_email": "/accounts/verify-email/?token=",
    "reset_password": "/accounts/password/reset/confirm/?token=",
    "invitation": "/accounts/register/?token=",
    "change_email": "/accounts/email/confirm/?token=",
    "undo_email": "/accounts/email/undo/?token=",
}
NOT_ME = "/accounts/not-me/?token="
WITH_A_WAY_OUT = {
    "account_closed": {"erased": "24 December 2026"},
    "account_reactivated": {},
    "account_reopened": {},
    "email_change_requested": {},
    "email_changed": {},
    "name_changed": {},
    "new_device": {},
    "password_changed": {},
    "privileges_changed": {},
    "reset_link_sent": {},
    "role_given": {"role": "moderator"},
    "role_taken": {"role": "moderator"},
    "session_reuse": {"of": "Firefox on Windows"},
    "sessions_ended": {},
}
"""Notices, and the facts that they are ordered with."""
ELSEWHERE = {
    "address_taken": "/accounts/login/",
    "address_wanted": "/accounts/login/",
    "email_change_undone": "/accounts/login/",
    "invited_anew": "/accounts/login/",
    "locked_down": "/accounts/password/reset/",
}
WITHOUT_A_BUTTON = "account_deactivated"
DEVICE = Client(ip="198.51.100.7", user_agent="Mozilla/5.0 (Windows NT 10.0) Firefox/128.0")


def order(name: str, user, client: Client | None = DEVICE) -> None:
    if name in LINKS:
        order_link(purpose=Purpose(name), user=user, client=client)
    else:
        facts = WITH_A_WAY_OUT.get(name)
        order_notice(name, user=user, client=client, not_me=facts is not None, **(facts or {}))


@pytest.fixture(params=[*LINKS, *WITH_A_WAY_OUT, *ELSEWHERE])
def name(request) -> str:
    return request.param


mailed: dict[str, Arrived] = {}
"""Each mail, for all the tests that read it."""


@pytest.fixture
def arrived(name, request) -> Arrived:
    if name not in mailed:
        order(name, request.getfixturevalue("user"))
        mailed[name] = Arrived(request.getfixturevalue("mailbox").latest())
    return mailed[name]


@pytest.fixture
def send(mailbox, db):
    """Send one mail and return it as it arrives."""

    def sending(name: str = "accounts/mail/password_changed", **context: object) -> Arrived:
        mails.send(name, to=EMAIL, context={"at": timezone.now(), **context})
        return Arrived(mailbox.latest())

    return sending


@pytest.fixture
def template(settings, tmp_path):
    """Bring a template as a host project would: in a directory that comes before the apps'."""
    engine = {**settings.TEMPLATES[0], "DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}

    def bring(name: str, source: str) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
        settings.TEMPLATES = [engine]

    return bring


# Every mail ---------------------------------------------------------------------------------------


def test_every_mail_of_the_house_is_tested_here():
    found = Path(__file__).resolve().parents[2].glob("*/templates/*/mail/*.mail")
    tested = {*LINKS, *WITH_A_WAY_OUT, *ELSEWHERE, WITHOUT_A_BUTTON}
    assert {path.stem for path in found} == tested


@pytest.mark.parametrize("name", [WITHOUT_A_BUTTON, *WITH_A_WAY_OUT])
def test_what_staff_did_reads_as_well(name, user, mailbox):
    order(name, user, client=None)
    mail = Arrived(mailbox.latest())
    assert "\n\nBy: our staff\n\n" in mail.text
    assert "Device:" not in mail.text
    assert "None" not in mail.text + mail.html
    body = mail.text.partition("\n-- \n")[0].strip()
    assert all("\n" not in each for each in body.split("\n\n"))


def test_it_has_one_subject_that_names_the_product_and_both_parts_the_richer_one_last(arrived):
    assert re.fullmatch(r"Portcullis: [A-Z][A-Za-z, ]+", arrived.subject)
    assert arrived.message["To"] == EMAIL
    assert arrived.message["Auto-Submitted"] == "auto-generated"
    assert arrived.message.get_content_type() == "multipart/alternative"
    kinds = [part.get_content_type() for part in arrived.message.iter_parts()]
    assert kinds == ["text/plain", "text/html"]


def test_everything_in_its_templates_was_filled_in(arrived):
    for part in (arrived.subject, arrived.text, arrived.html):
        assert not re.search(r"\{\{|\{%|%\}|\}\}(?!\s*</style>)|None|\bon ,|within +hour", part)
    assert "Portcullis" in arrived.text


def test_its_link_is_alone_on_a_line_and_the_same_in_both_parts(name, arrived):
    links = [line for line in arrived.text.splitlines() if line.startswith("http")]
    assert len(links) == 1
    if name in ELSEWHERE:
        assert links[0] == ORIGIN + ELSEWHERE[name]
    else:
        path = LINKS.get(name, NOT_ME)
        assert re.fullmatch(re.escape(ORIGIN + path) + r"[\w-]{43}", links[0])
    assert arrived.page.values("href") == [links[0], links[0], ORIGIN]
    assert arrived.page.text["a"].endswith(links[0] + ORIGIN)


def test_its_link_leads_to_a_page(arrived):
    place = resolve(urlsplit(arrived.page.values("href")[0]).path)
    assert place.namespace == "accounts"


def test_its_text_leaves_the_lines_to_the_client_and_ends_in_a_signature(arrived):
    body, _, signature = arrived.text.partition("\n-- \n")
    assert all("\n" not in paragraph for paragraph in body.strip().split("\n\n"))
    assert signature.startswith("You get this mail because ")
    assert signature.endswith(f"\nPortcullis, {ORIGIN}\n")


def test_both_parts_say_the_same(arrived):
    shown = re.sub(r"\s+", " ", arrived.page.text["body"])
    for line in filter(None, arrived.text.replace("\n-- \n", "\n").splitlines()):
        assert line.removesuffix(":") in shown
    assert arrived.subject.removeprefix("Portcullis: ") == arrived.page.text["h1"]


def test_its_html_says_language_title_and_preview(arrived):
    assert ("html", "en") in [(tag, got.get("lang")) for tag, got in arrived.page.elements]
    assert arrived.page.text["title"] == arrived.subject
    assert "display: none" in arrived.page.style_of("preview")
    first = arrived.page.text["body"].strip().partition("\n")[0]
    assert first == arrived.text.partition("\n\n")[0]


def test_its_html_loads_nothing_and_runs_nothing(arrived):
    for tag, attributes in arrived.page.elements:
        assert tag not in {"img", "link", "script", "form", "iframe", "object", "embed", "svg"}
        assert not attributes.keys() & LOADING
        assert not [name for name in attributes if name.startswith("on")]
    assert not re.search(r"url\(|@import|<script|<img|<link|http-equiv", arrived.html.lower())


def test_its_styles_are_inline_and_no_colour_is_left_light_in_the_dark(arrived):
    assert "background-color: #ffffff" in arrived.page.style_of("card")
    assert "background-color: #1f4e79" in arrived.page.style_of("button-cell")
    assert arrived.page.values("content").count("light dark") == 2
    rules = arrived.dark_rules()
    for body in rules.values():
        assert all(each.endswith("!important") for each in body.strip().strip(";").split(";"))
    for tag, attributes in arrived.page.elements:
        if re.search(r"#[0-9a-f]{6}", attributes.get("style", "")):
            assert rules.keys() & selectors_of(tag, attributes), (tag, attributes)


def test_every_dark_rule_meets_something_in_the_mail(arrived):
    met = {each for tag, got in arrived.page.elements for each in selectors_of(tag, got)}
    assert arrived.dark_rules().keys() <= met


def test_tables_are_for_layout_only(arrived):
    tables = arrived.html.count("<table")
    assert tables == arrived.html.count('role="presentation"') == 4


# Subjects -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("product", ["A\r\nBcc: eve@example.com", "A\nB", "A\rB", "A  B"])
def test_a_subject_is_one_line(settings, send, product):
    settings.PORTCULLIS = {**settings.PORTCULLIS, "PRODUCT_NAME": product}
    arrived = send()
    assert arrived.subject.startswith("A")
    assert len(arrived.message["Subject"].splitlines()) == 1
    assert arrived.message["Bcc"] is None
    assert arrived.message["To"] == EMAIL


def test_a_name_with_markup_is_text(settings, send):
    settings.PORTCULLIS = {**settings.PORTCULLIS, "PRODUCT_NAME": 'Käse & "<b>Söhne</b>"'}
    arrived = send()
    assert arrived.subject == 'Käse & "<b>Söhne</b>": Your password was changed'
    assert 'account at Käse & "<b>Söhne</b>" was' in arrived.text
    assert 'account at Käse & "<b>Söhne</b>" was' in arrived.page.text["body"]
    assert arrived.page.text["title"] == arrived.subject
    assert "b" not in arrived.page.text


# Times --------------------------------------------------------------------------------------------


def test_a_time_names_its_zone(settings, send):
    at = timezone.datetime(2026, 7, 1, 10, 30, tzinfo=timezone.get_fixed_timezone(0))
    assert "1 July 2026, 10:30 UTC" in send(at=at).text
    settings.TIME_ZONE = "Europe/Vienna"
    arrived = send(at=at)
    assert "1 July 2026, 12:30 CEST" in arrived.text
    assert "1 July 2026, 12:30 CEST" in arrived.page.text["body"]


# A host project -----------------------------------------------------------------------------------

BRAND = """<html lang="de"><head><title>{{ subject }}</title>
<style>h1 { color: #c0ffee; }</style></head><body><h1>{% block subject %}{% endblock %}</h1>
{% filter linebreaks %}{% block lead %}{% endblock %}{% endfilter %}
{% block action %}{% endblock %}</body></html>"""


def test_its_own_base_dresses_every_mail_and_is_inlined_too(template, send):
    template("portcullis/mail/base.html", BRAND)
    for name in ("accounts/mail/password_changed", "accounts/mail/address_taken"):
        arrived = send(name)
        assert '<h1 style="color: #c0ffee;">' in arrived.html
        assert "UTC" in arrived.page.text["body"]
        assert len(arrived.page.values("href")) == 2
        assert "\n-- \n" in arrived.text


def test_its_own_words_for_one_mail_stand_in_both_parts(template, send):
    template(
        "accounts/mail/password_changed.mail",
        "{% extends base %}{% block subject %}New & shiny{% endblock %}"
        "{% block lead %}First.\n\nSecond.{% endblock %}",
    )
    arrived = send()
    assert arrived.subject == "Portcullis: New & shiny"
    assert arrived.text == f"First.\n\nSecond.\n\n-- \n\nPortcullis, {ORIGIN}\n"
    assert {"First.", "Second."} <= set(re.findall(r"<p [^>]+>([\w.]+)</p>", arrived.html))
    assert send("accounts/mail/address_taken").subject.endswith("You already have an account")


def test_a_whole_part_of_its_own_replaces_that_part_alone(template, send):
    template("accounts/mail/password_changed.html", "<title>{{ subject }}</title><i>Mine</i>")
    arrived = send()
    assert arrived.page.text["title"] == arrived.subject == "Portcullis: Your password was changed"
    assert arrived.page.text["body"].strip() == "Mine"
    assert "Mine" not in arrived.text
    template("accounts/mail/password_changed.txt", "Psst\n\nChanged at {{ product }}.\n")
    arrived = send()
    assert (arrived.subject, arrived.text) == ("Psst", "Changed at Portcullis.\n")
    assert "Mine" in arrived.page.text["body"]


def test_a_mail_that_nobody_wrote_is_an_error(send):
    with pytest.raises(TemplateDoesNotExist):
        send("accounts/mail/nothing")
