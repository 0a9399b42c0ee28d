"""Every page in each of its states, one line each: what accessibility is measured on."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse

from tests.browser.person import Person, an_address

A_USER = "/admin/accounts/user/[^/]+/change/"
A_GROUP = "/admin/auth/group/[0-9]+/change/"
A_ROLE = "/admin/rbac/role/[0-9]+"
CHANGE, LOCK_DOWN = "Change the address", "Lock down and demand a new password"
ANYBODY, MEMBER, STAFF = "anybody", "member", "staff"
MAIL = """\
From: no-reply@example.com
To: ada@example.com
Subject: Choose a new password
Date: Mon, 23 Nov 2026 10:00:00 +0000
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

https://example.com/accounts/password/reset/confirm/?token=0123456789012345678901234567890123456789
"""
Arrange = Callable[[Person, str], object]


@dataclass(frozen=True)
class Visit:
    """`page` is its name in the URLconf, or says what it is and `path` where it is."""

    page: str
    state: str = ""
    arrange: Arrange = Person.open
    who: str = ANYBODY
    path: str = ""
    status: int = 200
    debug: bool = True

    def __str__(self) -> str:
        return f"{self.page} {self.state}".strip().replace(":", " ")

    @property
    def address(self) -> str:
        return self.path or reverse(self.page)

    def make(self, person: Person) -> None:
        """It must end where it is meant to, with the status that is meant."""
        self.arrange(person, self.address)
        person.is_at(re.compile(rf"//[^/]+{self.address}(\?|$)"))
        assert person.watch.statuses[-1] == self.status, person.watch.statuses


# What leads to a state ----------------------------------------------------------------------------


def submit(button: str, **fields: str) -> Arrange:
    """Fill in the page's form, send it, wait for what it has to say."""

    def arrange(person: Person, address: str) -> None:
        person.open(address)
        person.fill(**fields)
        person.press(button)
        person.page.locator("[aria-invalid=true], [role=alert], [role=status]").first.wait_for()

    return arrange


def logged_out(person: Person, address: str) -> None:
    person.log_in()
    person.log_out()


def registered(person: Person, address: str) -> None:
    person.register()


def with_a_link(person: Person, address: str) -> None:
    person.register()
    person.open(person.post.link(person.email))


def with_a_dead_link(person: Person, address: str) -> None:
    person.open(f"{address}?token=dead")


def with_a_reset_link(person: Person, address: str) -> None:
    person.get_account()
    person.api("forgot-password", email=person.email)
    person.open(person.post.link(person.email))


def with_a_weak_password(person: Person, address: str) -> None:
    with_a_reset_link(person, address)
    person.field("New password").fill("short")
    person.press("Save new password")
    person.page.locator("[aria-invalid=true]").wait_for()


def asking_for_another_address(person: Person, address: str) -> str:
    wanted = an_address()
    submit("Mail a link to the new address", new_email_address=wanted)(
        person, reverse("accounts:email-change")
    )
    return wanted


def with_a_change_link(person: Person, address: str) -> None:
    person.open(person.post.link(asking_for_another_address(person, address)))


def with_an_undo_link(person: Person, address: str) -> None:
    with_a_change_link(person, address)
    person.press("Confirm my new address")
    person.is_told("Your address is changed")
    person.post.letter(person.email)  # that it was asked for
    person.open(person.post.link(person.email))


def with_a_notice(person: Person, address: str) -> None:
    submit("Save", name="Ada King")(person, reverse("accounts:profile"))
    person.open(person.post.link(person.email))


def with_another_session(person: Person, address: str) -> None:
    person.api("login", email=person.email, password=person.password, transport="bearer")
    person.open(address)


def of_an_account(person: Person, address: str) -> None:
    person.open(reverse("admin:accounts_user_changelist"))
    person.page.get_by_role("link", name=person.email, exact=True).click()


def asked_whether(button: str) -> Arrange:
    """To confirm what staff are about to do to an account."""

    def arrange(person: Person, address: str) -> None:
        person.email = an_address()
        person.get_account()
        of_an_account(person, address)
        person.press(button)

    return arrange


def with_a_taken_address(person: Person, address: str) -> None:
    asked_whether(CHANGE)(person, address)
    person.fill(new_address="staff@example.com", reason="Wanted.")
    person.press(CHANGE)
    person.page.locator("[aria-invalid=true]").wait_for()


def with_sessions(person: Person, address: str) -> None:
    """Two of them, from the same device."""
    person.email = an_address()
    person.get_account()
    for _ in range(2):
        person.api("login", email=person.email, password=person.password, transport="bearer")
    of_an_account(person, address)


def by(page: str, *links: str) -> Arrange:
    """From that page of the admin, by what its links are called."""

    def arrange(person: Person, address: str) -> None:
        person.open(reverse(page))
        for name in links:
            person.page.get_by_role("main").get_by_role("link", name=name, exact=True).click()

    return arrange


def asked_whether_to_delete_a_role(person: Person, address: str) -> None:
    person.open(reverse("admin:rbac_role_add"))
    name = f"Editor {an_address()}"
    person.fill(slug=uuid.uuid4().hex, name=name, reason="Wanted.")
    person.press("Save")
    person.page.get_by_role("link", name=name, exact=True).first.click()
    person.press("Delete the role")


def given(person: Person, address: str) -> None:
    """A role, to somebody who then has one more on their page."""
    person.email = an_address()
    person.get_account()
    person.open(reverse("admin:rbac_roleassignment_add"))
    person.fill(account=person.email, reason="Wanted.")
    person.field("Role").select_option(label="Moderator")
    person.press("Save")
    person.is_at(reverse("admin:rbac_roleassignment_changelist"))


def of_a_moderator(person: Person, address: str) -> None:
    given(person, address)
    of_an_account(person, address)


def beside_a_group(person: Person, address: str) -> None:
    of_a_group(person, address)
    of_an_account(person, address)


def with_members(person: Person, address: str) -> None:
    given(person, address)
    by("admin:rbac_role_changelist", "Moderator")(person, address)


def newest(page: str) -> Arrange:
    """The first row of a list of the admin; there must be one."""

    def arrange(person: Person, address: str) -> None:
        person.open(reverse(page))
        person.page.locator("#result_list tbody th a").first.click()

    return arrange


def just_given(person: Person, address: str) -> None:
    given(person, address)
    newest("admin:rbac_roleassignment_changelist")(person, address)


def just_mailed(person: Person, address: str) -> None:
    person.api("forgot-password", email=person.email)
    newest("admin:accounts_onetimetoken_changelist")(person, address)


def invited(person: Person, address: str) -> None:
    person.email = an_address()
    person.open(reverse("admin:accounts_invitation_add"))
    person.fill(email_address=person.email)
    person.press("Save")
    person.is_at(reverse("admin:accounts_invitation_changelist"))


def by_an_invitation(person: Person, address: str) -> None:
    invited(person, address)
    person.open(person.post.link(person.email))


def just_invited(person: Person, address: str) -> None:
    invited(person, address)
    newest("admin:accounts_invitation_changelist")(person, address)


def in_the_queue(person: Person, address: str) -> None:
    person.api("forgot-password", email=person.email)
    newest("admin:django_tasks_database_dbtaskresult_changelist")(person, address)


def of_a_group(person: Person, address: str) -> None:
    person.open(reverse("admin:auth_group_add"))
    person.fill(name=f"Keepers {uuid.uuid4().hex[:8]}", reason="Wanted.")
    person.press("Save and continue editing")


def without_mail(person: Person, address: str) -> None:
    for mail in person.site.outbox.iterdir():
        mail.unlink()
    person.open(address)


def with_mail(person: Person, address: str) -> None:
    (person.site.outbox / "1.eml").write_text(MAIL)
    person.open(address)


def with_an_expired_form(person: Person, address: str) -> None:
    person.open(address)
    person.context.clear_cookies()
    person.press("Log in")
    person.page.get_by_role("heading", name="The form has expired").wait_for()


def with_a_known_password(person: Person, address: str) -> None:
    person.has_a_known_password()
    person.try_to_log_in()


def without_a_password(person: Person, address: str) -> None:
    person.has_no_password()
    person.open(address)


def after_a_dead_link(person: Person, address: str) -> None:
    person.open(f"{reverse('accounts:not-me')}?token=dead")


def of_a_closed_account(person: Person, address: str) -> None:
    person.open(reverse("accounts:close"))
    person.press("Close my account")
    person.try_to_log_in()


WRONG = {"email_address": "ada@example.com", "password": "Wrong-Password-1"}
VISITS = [
    Visit("home"),
    Visit("home", "where one is invited", debug=False),
    Visit("home", "logged in", who=MEMBER),
    Visit("accounts:login"),
    Visit("accounts:login", "empty", submit("Log in")),
    Visit("accounts:login", "refused", submit("Log in", **WRONG)),
    Visit("accounts:login", "after logout", logged_out, who=MEMBER),
    Visit("accounts:login", "logged in already", who=MEMBER),
    Visit("accounts:register"),
    Visit("accounts:register", "empty", submit("Create account")),
    Visit("accounts:register", "weak", submit("Create account", name="Ada", password="short")),
    Visit("accounts:register", "by an invitation", by_an_invitation, who=STAFF),
    Visit("accounts:register", "without one", status=403, debug=False),
    Visit("accounts:verify-email"),
    Visit("accounts:verify-email", "after registering", registered),
    Visit("accounts:verify-email", "with a link", with_a_link),
    Visit("accounts:verify-email", "with a dead link", with_a_dead_link),
    Visit("accounts:verify-email", "empty", submit("Send the link again")),
    Visit("accounts:password-reset"),
    Visit("accounts:password-reset", "empty", submit("Send reset link")),
    Visit(
        "accounts:password-reset", "sent", submit("Send reset link", email_address="a@b.example")
    ),
    Visit("accounts:password-reset", "after a dead link", after_a_dead_link),
    Visit("accounts:password-reset-confirm", "with a link", with_a_reset_link),
    Visit("accounts:password-reset-confirm", "weak", with_a_weak_password),
    Visit("accounts:password-change", who=MEMBER),
    Visit("accounts:password-change", "empty", submit("Change password"), who=MEMBER),
    Visit("accounts:password-change", "of a known one", with_a_known_password, who=MEMBER),
    Visit("accounts:password-change", "where there is none", without_a_password, who=MEMBER),
    Visit("accounts:email-change", who=MEMBER),
    Visit("accounts:email-change", "empty", submit("Mail a link to the new address"), who=MEMBER),
    Visit("accounts:email-change", "asked", asking_for_another_address, who=MEMBER),
    Visit("accounts:email-confirm", "with a link", with_a_change_link, who=MEMBER),
    Visit("accounts:email-undo", "with a link", with_an_undo_link, who=MEMBER),
    Visit("accounts:not-me", "with a link", with_a_notice, who=MEMBER),
    Visit("accounts:profile", who=MEMBER),
    Visit("accounts:profile", "without a password", without_a_password, who=MEMBER),
    Visit("accounts:profile", "saved", submit("Save", name="Ada King"), who=MEMBER),
    Visit("accounts:profile", "empty", submit("Save", name=""), who=MEMBER),
    Visit("accounts:close", who=MEMBER),
    Visit("accounts:reopen", "", of_a_closed_account, who=MEMBER),
    Visit("accounts:reauthenticate", who=MEMBER),
    Visit("accounts:reauthenticate", "empty", submit("Go on"), who=MEMBER),
    Visit("tokens:sessions", who=MEMBER),
    Visit("tokens:sessions", "two", with_another_session, who=MEMBER),
    Visit("outbox", "empty", without_mail, path="/outbox/"),
    Visit("outbox", "with mail", with_mail, path="/outbox/"),
    Visit("not found", path="/nothing/", status=404, debug=False),
    Visit("not allowed", path="/admin/login/", who=MEMBER, status=403),
    Visit("expired form", arrange=with_an_expired_form, path="/accounts/login/", status=403),
    Visit("wrong method", path="/accounts/logout/", status=405),
    Visit("admin:index", who=STAFF),
    Visit("admin:accounts_user_changelist", who=STAFF),
    Visit("admin:accounts_user_add", who=STAFF),
    Visit("admin:accounts_user_change", "", of_an_account, path=A_USER, who=STAFF),
    Visit("admin:accounts_user_changelist", "asks", asked_whether("Deactivate"), who=STAFF),
    Visit(
        "admin:accounts_user_changelist", "asks for an address", asked_whether(CHANGE), who=STAFF
    ),
    Visit("admin:accounts_user_changelist", "locks down", asked_whether(LOCK_DOWN), who=STAFF),
    Visit("admin:accounts_user_changelist", "refuses it", with_a_taken_address, who=STAFF),
    Visit("admin:accounts_user_change", "signed in", with_sessions, path=A_USER, who=STAFF),
    Visit("admin:accounts_user_change", "with a role", of_a_moderator, path=A_USER, who=STAFF),
    Visit("admin:accounts_user_change", "beside a group", beside_a_group, path=A_USER, who=STAFF),
    Visit("admin:rbac_role_changelist", who=STAFF),
    Visit("admin:rbac_role_changelist", "asks", asked_whether_to_delete_a_role, who=STAFF),
    Visit("admin:rbac_role_add", who=STAFF),
    Visit("admin:rbac_role_add", "empty", submit("Save"), who=STAFF),
    Visit("admin:rbac_role_change", "", with_members, path=f"{A_ROLE}/change/", who=STAFF),
    Visit(
        "admin:rbac_role_permissions",
        "",
        by("admin:rbac_role_changelist", "Administrator", "See them all"),
        path=f"{A_ROLE}/permissions/",
        who=STAFF,
    ),
    Visit("admin:rbac_role_explain", who=STAFF),
    Visit("admin:rbac_role_explain", "empty", submit("Explain"), who=STAFF),
    Visit(
        "admin:rbac_role_explain",
        "found",
        submit("Explain", account="staff@example.com", permission="accounts.view_user"),
        who=STAFF,
    ),
    Visit("admin:rbac_roleassignment_changelist", "", given, who=STAFF),
    Visit(
        "admin:rbac_roleassignment_change",
        "",
        just_given,
        path="/admin/rbac/roleassignment/[0-9]+/change/",
        who=STAFF,
    ),
    Visit("admin:rbac_roleassignment_add", who=STAFF),
    Visit("admin:rbac_roleassignment_add", "empty", submit("Save"), who=STAFF),
    Visit("admin:auth_group_changelist", who=STAFF),
    Visit("admin:auth_group_add", who=STAFF),
    Visit(
        "admin:auth_group_change",
        "",
        of_a_group,
        path="/admin/auth/group/[0-9]+/change/",
        who=STAFF,
    ),
    Visit("admin:tokens_session_changelist", who=STAFF),
    Visit(
        "admin:tokens_session_change",
        "",
        newest("admin:tokens_session_changelist"),
        path="/admin/tokens/session/[^/]+/change/",
        who=STAFF,
    ),
    Visit("admin:tokens_session_diagnose", who=STAFF),
    Visit("admin:tokens_session_diagnose", "empty", submit("Diagnose"), who=STAFF),
    Visit("admin:tokens_session_diagnose", "found", submit("Diagnose", token="e.e.e"), who=STAFF),
    Visit("admin:accounts_onetimetoken_changelist", who=STAFF),
    Visit(
        "admin:accounts_onetimetoken_change",
        "",
        just_mailed,
        path="/admin/accounts/onetimetoken/[^/]+/change/",
        who=STAFF,
    ),
    Visit("admin:accounts_invitation_changelist", "", invited, who=STAFF),
    Visit("admin:accounts_invitation_add", who=STAFF),
    Visit("admin:accounts_invitation_add", "empty", submit("Save"), who=STAFF),
    Visit(
        "admin:accounts_invitation_change",
        "",
        just_invited,
        path="/admin/accounts/invitation/[^/]+/change/",
        who=STAFF,
    ),
    Visit("admin:tokens_signingkey_changelist", who=STAFF),
    Visit(
        "admin:tokens_signingkey_change",
        "",
        newest("admin:tokens_signingkey_changelist"),
        path="/admin/tokens/signingkey/[^/]+/change/",
        who=STAFF,
    ),
    Visit("admin:waffle_switch_changelist", who=STAFF),
    Visit(
        "admin:waffle_switch_change",
        "",
        newest("admin:waffle_switch_changelist"),
        path="/admin/waffle/switch/[0-9]+/change/",
        who=STAFF,
    ),
    Visit("admin:django_tasks_database_dbtaskresult_changelist", who=STAFF),
    Visit(
        "admin:django_tasks_database_dbtaskresult_change",
        "",
        in_the_queue,
        path="/admin/django_tasks_database/dbtaskresult/[^/]+/change/",
        who=STAFF,
    ),
]
NO_PAGES = {
    "accounts:logout": "a button; a visit is answered by the page 'wrong method'",
    "accounts:challenge": "no stage that asks for a further proof is installed yet",
    "accounts:export": "a file",
    "healthz": "JSON",
    "readyz": "JSON",
    "outbox-text": "a text",
    "outbox-html": "a mail",
    "admin:login": "leads to accounts:login",
    "admin:logout": "a button",
    "admin:password_change": "leads to accounts:password-change",
    "admin:password_change_done": "the same",
    "admin:jsi18n": "a script",
    "admin:autocomplete": "JSON",
    "admin:view_on_site": "leads elsewhere",
    "admin:app_list": "a part of admin:index",
}
