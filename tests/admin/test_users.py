"""Users in the admin: finding them, adding them, changing what may be changed."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.signals import account_changed, account_created
from tests.admin.desk import Desk, inputs, page_of, said, shown
from tests.doors import PASSWORD, Api, codes

pytestmark = pytest.mark.django_db

NEW = "Difference-Engine-1822"
ADD = "/admin/accounts/user/add/"


def users():
    return get_user_model().objects


def test_a_list_of_any_length_costs_as_many_statements(desk, make_user):
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert desk.rows().status_code == 200
        return len(captured)

    make_user("grace@example.com")
    few = cost()
    for number in range(20):
        make_user(f"user{number}@example.com", password=None, is_staff=bool(number % 2))
        Api().login("grace@example.com", transport="bearer")
    assert cost() == few == 5  # Django's session, the visitor, two counts, the rows


def test_the_list_counts_live_sessions_only(desk, user):
    for _ in range(3):
        Api().login(transport="bearer")
    Api().login(transport="bearer").logout()
    listed = desk.rows(q=user.email).content.decode()
    assert '<td class="field-live_sessions">3</td>' in listed


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "GRACE@"}, ["grace@example.com"]),
        ({"q": "hopper"}, ["grace@example.com"]),
        ({"is_active__exact": "0"}, ["gone@example.com"]),
        ({"verified": "no"}, ["new@example.com"]),
        ({"is_staff__exact": "1", "is_superuser__exact": "0"}, ["staff@example.com"]),
        ({"is_superuser__exact": "1"}, ["root@example.com"]),
        ({"closed": "yes"}, ["closed@example.com"]),
        ({"verified": "yes", "closed": "no", "q": "Ada"}, ["gone@example.com"]),
    ],
)
def test_users_are_found(desk, make_user, make_staff, query, found):
    make_staff()
    make_user("grace@example.com", name="Grace Hopper")
    make_user("gone@example.com", is_active=False)
    make_user("new@example.com", email_verified_at=None)
    make_user("closed@example.com", closed_at=timezone.now())
    assert shown(desk.rows(**query)) == found


@pytest.mark.parametrize("query", [{"verified": "perhaps"}, {"is_active__exact": "x"}, {"o": "99"}])
def test_nonsense_in_a_filter_is_no_error(desk, query):
    assert desk.rows(**query).status_code in {200, 302}


def test_the_page_of_a_user_has_no_field_for_address_password_or_activity(desk, user):
    assert inputs(desk.open(user)) == {
        "name",
        "is_staff",
        "is_superuser",
        "groups",
        "user_permissions",
        "reason",
    }


def test_fields_that_are_not_on_the_page_are_not_taken_from_a_form(desk, user):
    before = users().values().get(pk=user.pk)
    forged = {
        "email": "eve@example.com",
        "email_key": "eve@example.com",
        "password": "pbkdf2_sha256$1$a$b",
        "password1": NEW,
        "password2": NEW,
        "is_active": "",
        "email_verified_at_0": "2020-01-01",
        "credential_epoch": "9",
        "is_pending": "on",
    }
    assert desk.save(user, **forged).status_code == 302
    assert users().values().get(pk=user.pk) == before
    assert Api().try_login(transport="bearer").status_code == 200


@pytest.mark.parametrize("end", ["password/", "password/change/", "password"])
def test_there_is_no_page_that_sets_somebodys_password(desk, user, end):
    path = f"/admin/accounts/user/{user.pk}/{end}"
    for response in (desk.follow(path)[0], desk.post(path, {"password1": NEW, "password2": NEW})):
        assert b'type="password"' not in response.content
    assert users().get(pk=user.pk).check_password(PASSWORD)


def test_a_name_is_changed_and_the_change_recorded(support_desk, support, user, listen):
    heard = listen(account_changed)
    assert support_desk.save(user, name="Ada Lovelace", reason="").status_code == 302
    assert users().get(pk=user.pk).name == "Ada Lovelace"
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (support, str(user.pk))
    assert entry.get_change_message() == "Changed name."
    assert [(fact["user"].pk, fact["by"].pk, fact["fields"]) for fact in heard] == [
        (user.pk, support.pk, ["name"])
    ]


def test_a_name_with_control_characters_is_refused_beside_the_field(desk, user):
    response = desk.save(user, name="Ada\x07")
    assert response.status_code == 200
    assert b"Control characters are not allowed." in response.content


def test_a_superuser_gives_and_takes_privileges(desk, user, listen):
    heard = listen(account_changed)
    group = Group.objects.create(name="Support")
    view = Permission.objects.get(codename="view_user")
    given = {"is_staff": "on", "groups": [str(group.pk)], "user_permissions": [str(view.pk)]}
    assert desk.save(user, **given, reason="Joins support").status_code == 302
    changed = users().get(pk=user.pk)
    assert (changed.is_staff, list(changed.groups.all())) == (True, [group])
    assert changed.has_perm("accounts.view_user")
    assert desk.save(changed).status_code == 302
    changed = users().get(pk=user.pk)
    assert (changed.is_staff, changed.get_all_permissions()) == (False, set())
    assert [fact["fields"] for fact in heard] == [["groups", "is_staff", "user_permissions"]] * 2
    assert [fact["reason"] for fact in heard] == ["Joins support", "Because"]
    told = LogEntry.objects.latest("pk").get_change_message()
    assert told == "Changed is_staff, groups, user_permissions. Because"


@pytest.mark.parametrize("reason", ["", "  ", "bell\x07", "x" * 201])
def test_privileges_are_not_changed_without_a_reason(desk, user, reason, listen):
    heard = listen(account_changed)
    group = Group.objects.create(name="Support")
    for given in ({"is_staff": "on"}, {"is_superuser": "on"}, {"groups": [group.pk]}):
        response = desk.save(user, **given, reason=reason)
        assert response.status_code == 200
        assert list(response.context["adminform"].form.errors) == ["reason"]
    assert heard == []
    assert not LogEntry.objects.exists()


def test_an_added_account_is_its_owners_by_the_mailed_link(support_desk, support, mailbox, listen):
    heard = listen(account_created)
    response = support_desk.post(ADD, {"email": "Grace@EXAMPLE.com", "name": "Grace"})
    assert response.status_code == 302
    added = users().get(email="Grace@example.com")
    assert not added.has_usable_password()
    assert (added.is_pending, added.email_verified_at, added.is_staff) == (False, None, False)
    assert [(fact["user"].pk, fact["by"]) for fact in heard] == [(added.pk, support)]
    assert LogEntry.objects.get().object_id == str(added.pk)

    assert mailbox.latest()["To"] == "Grace@example.com"
    token = mailbox.token()
    spent = Api().post("/auth/reset-password", {"token": token, "password": NEW})
    assert spent.status_code == 200
    Api().login("grace@example.com", NEW, transport="bearer")
    assert users().get(pk=added.pk).email_verified_at is not None


def test_an_added_account_is_not_handed_to_whoever_registers_its_address(desk, mailbox):
    desk.post(ADD, {"email": "grace@example.com", "name": "Grace"})
    Api().register("GRACE@example.com", PASSWORD, "Eve")
    mailbox.read()
    assert codes(Api().try_login("grace@example.com", transport="bearer")) == [
        "invalid_credentials"
    ]
    assert users().get(email_key="grace@example.com").name == "Grace"


@pytest.mark.parametrize(
    ("email", "complaint"),
    [
        ("ADA@example.com", "already exists"),
        ("ada@EXAMPLE.com", "already exists"),
        ("ada@\N{FULLWIDTH LATIN SMALL LETTER E}xample.com", "already exists"),
        ("ada", "valid email"),
        ("a" * 250 + "@example.com", "at most 254 characters"),
        ("", "required"),
    ],
)
def test_an_address_that_cannot_be_added_is_refused_beside_its_field(
    desk, user, mailbox, email, complaint
):
    response = desk.post(ADD, {"email": email, "name": "Eve"})
    assert response.status_code == 200
    errors = response.context["adminform"].form.errors
    assert list(errors) == ["email"]
    assert complaint in str(errors["email"])
    assert users().count() == 2
    assert mailbox.read() == []


def test_an_account_is_added_without_privileges_whatever_the_form_says(desk):
    forged = {"is_staff": "on", "is_superuser": "on", "password": PASSWORD, "is_active": ""}
    assert inputs(desk.get(ADD)) == {"email", "name"}
    desk.post(ADD, {"email": "eve@example.com", "name": "Eve", **forged})
    eve = users().get(email="eve@example.com")
    assert (eve.is_staff, eve.is_superuser, eve.is_active) == (False, False, True)
    assert not eve.has_usable_password()


def test_saving_as_new_is_adding_and_needs_its_permission(make_staff, user):
    desk = Desk.of(make_staff("accounts.change_user"))
    assert desk.save(user, _saveasnew="1", email="eve@example.com").status_code == 403
    assert not users().filter(email="eve@example.com").exists()


def test_an_unknown_user_is_no_error(desk):
    response, _ = desk.follow("/admin/accounts/user/nonsense/change/")
    assert response.status_code == 200
    assert "Perhaps it was deleted?" in said(response)[0]


def test_staff_who_may_only_look_change_nothing(make_staff, user):
    desk = Desk.of(make_staff("accounts.view_user"))
    assert inputs(desk.open(user)) == set()
    assert desk.save(user, name="Eve").status_code == 403
    assert desk.get(ADD).status_code == 403
    assert users().get(pk=user.pk).name == "Ada"


def test_the_history_of_a_user_is_shown(desk, user):
    desk.save(user, name="Ada Lovelace")
    history = desk.get(page_of(user).replace("change", "history"))
    assert "Changed name. Because" in history.content.decode()
