"""Notices to the owner: what happened, when, from where, and what to do if it was not them."""

import re
from urllib.parse import urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from mmdb_writer import MMDBWriter
from netaddr import IPSet
from time_machine import travel

from accounts.emails import mail_notice
from accounts.flows import staff
from accounts.models import OneTimeToken, Purpose
from accounts.notices import tell_of_device
from accounts.signals import profile_changed
from portcullis.client import Client
from portcullis.places import reader
from rbac.authority import OPERATOR
from rbac.flows import grant, withdraw
from tests.doors import ORIGIN, PASSWORD, Api, Pages
from tests.portcullis.reading import Arrived
from tests.tokens.carrying import refresh_token_of, refresh_with, refreshed
from tokens.models import Session

pytestmark = pytest.mark.django_db

NEW = "Difference-Engine-1822"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0"
HERE, THERE = "198.51.100.7", "203.0.113.7"
LONDON = {"city": {"names": {"en": "London"}}, "country": {"names": {"en": "United Kingdom"}}}
AT_THE_DESK = Client(ip=THERE, user_agent=CHROME)
WHY = {"reason": "Wanted", "client": AT_THE_DESK}
NOON = timezone.datetime(2027, 3, 4, 12, 0, tzinfo=timezone.get_fixed_timezone(0))


@pytest.fixture
def london(settings, tmp_path):
    """A file that knows where HERE is."""
    writer = MMDBWriter(ip_version=4)
    writer.insert_network(IPSet([f"{HERE}/32"]), LONDON)
    path = str(tmp_path / "places.mmdb")
    writer.to_db_file(path)
    settings.PORTCULLIS = {**settings.PORTCULLIS, "GEOIP_DATABASE": path}
    yield
    reader(path).close()
    reader.cache_clear()


@pytest.fixture
def noon():
    """All happens within one minute."""
    with travel(NOON):
        yield


@pytest.fixture
def boss(make_user):
    return make_user("boss@example.com", is_staff=True, is_superuser=True)


def door(agent: str = "", ip: str = HERE) -> Api:
    api = Api(**{"User-Agent": agent or FIREFOX.format(128)})
    api.client.defaults["REMOTE_ADDR"] = ip
    return api


def bearer(agent: str = "", ip: str = HERE) -> Api:
    return door(agent, ip).login(transport="bearer")


def done(response) -> None:
    assert response.status_code < 300, response.content


# What somebody does in the owner's place ----------------------------------------------------------


def change_password(**typed: str) -> None:
    typed = {"current_password": PASSWORD, "new_password": NEW, **typed}
    done(bearer().post("/auth/change-password", typed))


def reset_password(mailbox) -> None:
    done(door().post("/auth/forgot-password", {"email": "ada@example.com"}))
    done(door().post("/auth/reset-password", {"token": mailbox.token(), "password": NEW}))


def change_name() -> None:
    done(bearer().patch("/users/profile", {"name": "Eve"}))


def change_name_by_page() -> None:
    browser = Pages(door().client)
    agent = {"headers": {"User-Agent": FIREFOX.format(128)}}
    browser.log_in(**agent)
    browser.send("/accounts/profile/", {"name": "Eve"}, **agent)


def log_in_elsewhere() -> None:
    bearer(CHROME, THERE)
    bearer()


def replay() -> None:
    owner = bearer(CHROME, THERE)
    stolen = refresh_token_of(owner)
    refreshed(refreshed(owner))
    thief = door()
    thief.refresh_token = stolen
    assert refresh_with(thief, stolen).status_code == 401


BY_THEMSELVES = {
    "password changed": (change_password, "Your password was changed"),
    "name changed": (change_name, "Your name was changed"),
    "name changed by page": (change_name_by_page, "Your name was changed"),
    "new device": (log_in_elsewhere, "A new device has logged in"),
    "session reuse": (replay, "We ended one of your sessions for your safety"),
}


@pytest.mark.usefixtures("user", "london", "noon")
@pytest.mark.parametrize("event", BY_THEMSELVES)
def test_the_owner_is_told_what_when_and_where_and_has_a_way_out(event, mailbox):
    act, subject = BY_THEMSELVES[event]
    act()
    mail = Arrived(mailbox.latest())
    assert (mail.subject, mail.message["To"]) == (f"Portcullis: {subject}", "ada@example.com")
    assert told(mail) == {
        "When": "4 March 2027, 12:00 UTC",
        "Device": "Firefox on Windows",
        "IP address": f"{HERE} (London, United Kingdom)",
    }
    assert_way_out(mail, mailbox)


@pytest.mark.usefixtures("user", "london", "noon")
def test_a_reset_password_is_told_too(mailbox):
    reset_password(mailbox)
    mail = Arrived(mailbox.latest())
    assert mail.subject == "Portcullis: Your password was changed"
    assert told(mail)["IP address"] == f"{HERE} (London, United Kingdom)"
    assert_way_out(mail, mailbox)


def told(mail: Arrived) -> dict[str, str]:
    facts = dict(re.findall(r"^(When|By|Device|IP address): (.+)$", mail.text, re.MULTILINE))
    for name, value in facts.items():
        assert f"{name}: {value}" in mail.page.text["p"]
    return facts


def way_out(mail: Arrived) -> str:
    """The path that the button leads to."""
    [link] = [line for line in mail.text.splitlines() if line.startswith("http")]
    assert link.startswith(ORIGIN)
    return link.removeprefix(ORIGIN)


def assert_way_out(mail: Arrived, mailbox) -> None:
    path = way_out(mail)
    assert urlsplit(path).path == "/accounts/not-me/"
    answer = Pages().send(path, to="/accounts/not-me/")
    assert answer["Location"] == "/accounts/password/reset/"
    assert not Session.objects.open().exists()
    assert mailbox.subjects()[-1] == "Portcullis: Choose a new password"


# What staff do ------------------------------------------------------------------------------------


def give(user, by) -> None:
    grant(user=user, role="moderator", by=by, **WHY)


def take(user, by) -> None:
    grant(user=user, role="moderator", by=OPERATOR, **WHY)
    withdraw(user=user, role="moderator", by=by, **WHY)


def rename(user, by) -> None:
    staff.change_account(by=by, user=user, changes={"name": "Eve"}, client=AT_THE_DESK)


def promote(user, by) -> None:
    staff.change_account(by=by, user=user, changes={"is_staff": True}, **WHY)


def reactivate(user, by) -> None:
    staff.deactivate(by=by, user=user, client=AT_THE_DESK)
    staff.reactivate(by=by, user=user, client=AT_THE_DESK)


def end_sessions(user, by) -> None:
    bearer()
    staff.end_sessions(by=by, user=user, client=AT_THE_DESK)


BY_STAFF = {
    "role given": (give, "You were given a role"),
    "role taken": (take, "A role was taken from you"),
    "name changed": (rename, "Your name was changed"),
    "privileges changed": (promote, "Your privileges were changed"),
    "reactivated": (reactivate, "Your account is active again"),
    "sessions ended": (end_sessions, "You were logged out"),
}


@pytest.mark.usefixtures("london", "noon")
@pytest.mark.parametrize("event", BY_STAFF)
def test_what_staff_do_is_told_without_saying_who_or_where_they_are(event, user, boss, mailbox):
    act, subject = BY_STAFF[event]
    act(user, boss)
    mail = Arrived(mailbox.latest())
    assert (mail.subject, mail.message["To"]) == (f"Portcullis: {subject}", user.email)
    assert told(mail) == {"When": "4 March 2027, 12:00 UTC", "By": "our staff"}
    for secret in (THERE, "Chrome", "boss", "Eve"):
        assert secret not in mail.message.as_string()
    assert ("moderator" in mail.text) == event.startswith("role")
    assert_way_out(mail, mailbox)


def test_a_reset_link_from_staff_comes_with_a_notice(user, boss, mailbox):
    staff.send_reset_link(by=boss, user=user, client=AT_THE_DESK)
    assert sorted(mailbox.subjects()) == [
        "Portcullis: A reset link was sent to you",
        "Portcullis: Choose a new password",
    ]


def test_who_is_shut_out_is_told_with_no_link_that_could_not_work(user, boss, mailbox):
    staff.deactivate(by=boss, user=user, client=AT_THE_DESK)
    mail = Arrived(mailbox.latest())
    assert mail.subject == "Portcullis: Your account was deactivated"
    assert told(mail)["By"] == "our staff"
    assert not OneTimeToken.objects.exists()
    assert mail.page.values("href") == [ORIGIN]


def test_a_superuser_who_gives_themselves_a_role_is_told_from_where(boss, mailbox):
    give(boss, boss)
    mail = Arrived(mailbox.latest())
    assert told(mail)["IP address"] == THERE
    assert told(mail)["Device"] == "Chrome on Linux"
    assert "By" not in told(mail)


# The way out --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("user")
def test_a_link_that_died_on_its_way_leaves_the_notice_and_the_way_to_a_reset(mailbox):
    change_name()
    change_password()
    first, second = map(Arrived, mailbox.read())
    assert first.subject == "Portcullis: Your name was changed"
    assert way_out(first) == "/accounts/password/reset/"
    assert "ask for a new password" in first.text
    assert way_out(second).startswith("/accounts/not-me/")


@pytest.mark.usefixtures("user")
def test_a_retried_notice_replaces_its_own_link_only(mailbox):
    change_name()
    done(bearer().patch("/users/profile", {"name": "Ada"}))
    first, other = mailbox.read()
    task = DBTaskResult.objects.filter(task_path=mail_notice.module_path).earliest("enqueued_at")
    mail_notice.enqueue(*task.args_kwargs["args"])
    again = Arrived(mailbox.latest())
    assert again.subject == Arrived(first).subject
    assert Pages().visit(way_out(Arrived(first))).status_code == 302
    assert Pages().visit(way_out(Arrived(other))).status_code == 200
    assert Pages().visit(way_out(again)).status_code == 200


@pytest.mark.usefixtures("user")
def test_a_notice_task_holds_no_secret_and_the_row_its_digest_only(mailbox, everything_stored):
    change_name()
    assert OneTimeToken.objects.get().digest is None
    assert mailbox.token() not in everything_stored()


@pytest.mark.usefixtures("user")
def test_a_change_that_fails_tells_nobody(mailbox):
    def fail(**facts: object) -> None:
        raise RuntimeError("after the notice was ordered")

    profile_changed.connect(fail)
    try:
        assert bearer().patch("/users/profile", {"name": "Eve"}).status_code == 500
    finally:
        profile_changed.disconnect(fail)
    assert get_user_model().objects.get().name == "Ada"
    assert mailbox.read() == []


def test_who_is_gone_is_told_nothing(user, mailbox):
    change_name()
    user.delete()
    assert mailbox.read() == []


def test_reuse_is_told_though_the_request_is_refused(user, mailbox):
    replay()
    assert mailbox.subjects()[-1] == "Portcullis: We ended one of your sessions for your safety"
    assert "(Chrome on Linux)" in Arrived(mailbox.latest()).text


# Strangers ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("user")
def test_a_stranger_causes_one_notice_only_and_that_one_opens_nothing(mailbox):
    for _ in range(3):
        assert door().try_login(password="Wrong-Password-1").status_code == 401
    assert door().register().status_code == 202
    mail = Arrived(mailbox.latest())
    assert mailbox.subjects() == ["Portcullis: You already have an account"]
    assert told(mail)["IP address"] == HERE
    assert way_out(mail) == "/accounts/login/"
    assert not OneTimeToken.objects.filter(purpose=Purpose.NOT_ME).exists()


def test_an_address_that_nobody_has_proven_hears_nothing(make_user, accounts, mailbox):
    """Somebody registered with a stranger's address, where addresses need not be proven."""
    accounts(EMAIL_VERIFICATION="optional")
    make_user(email_verified_at=None)
    log_in_elsewhere()
    change_name()
    change_password()
    assert mailbox.read() == []


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize(
    "agent",
    ["Call 0900 123456, or visit evil.example/1.0", "Call 0900 123456 or visit evil.example bot"],
)
def test_a_device_says_nothing_of_its_own(mailbox, agent):
    done(bearer(agent).patch("/users/profile", {"name": "Visit evil.example"}))
    mail = mailbox.latest().as_string()
    assert "Device: Unknown device" in mail
    for words in ("0900", "evil"):
        assert words not in mail


# New devices --------------------------------------------------------------------------------------


def new_devices(mailbox) -> int:
    return mailbox.subjects().count("Portcullis: A new device has logged in")


@pytest.mark.usefixtures("user")
def test_the_first_login_ever_is_on_no_new_device_and_a_known_one_asks_nobody(mailbox):
    bearer()
    bearer(ip=THERE)
    assert not DBTaskResult.objects.exists()
    assert new_devices(mailbox) == 0


@pytest.mark.usefixtures("user")
def test_another_version_of_a_browser_is_no_new_device(mailbox):
    bearer(FIREFOX.format(128))
    bearer(FIREFOX.format(129))
    assert new_devices(mailbox) == 0


@pytest.mark.usefixtures("user")
def test_a_device_is_known_by_sessions_that_are_over_too(mailbox, transport):
    door(CHROME).login(transport=transport).logout()
    door().login(transport=transport)
    door(CHROME).login(transport=transport)
    assert new_devices(mailbox) == 1


def test_other_peoples_devices_are_not_ones_own(user, make_user, mailbox):
    make_user("grace@example.com")
    door().login("grace@example.com", transport="bearer")
    bearer(CHROME)
    bearer()
    assert new_devices(mailbox) == 1


@pytest.mark.usefixtures("user")
def test_two_new_devices_are_told_each_with_a_link_and_the_first_used_ends_the_other(mailbox):
    bearer()
    bearer(CHROME)
    bearer("curl/8.5.0")
    first, second = map(Arrived, mailbox.read())
    assert Pages().send(way_out(first), to="/accounts/not-me/").status_code == 302
    assert Pages().visit(way_out(second))["Location"] == "/accounts/password/reset/"


@pytest.mark.usefixtures("user")
def test_a_device_whose_session_is_purged_meanwhile_is_let_go(mailbox):
    log_in_elsewhere()
    Session.objects.all().delete()
    tell_of_device.enqueue("00000000-0000-4000-8000-000000000000")
    assert mailbox.read() == []
