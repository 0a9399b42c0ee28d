"""The matrix of a role's permissions: found among thousands, changed a page at a time."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext

from rbac.definition import Definition
from rbac.models import Role
from tests.admin.conftest import give, make_role
from tests.admin.desk import Desk, Filled, said
from tests.doors import shown

pytestmark = pytest.mark.django_db


def path_of(role: Role, query: str = "") -> str:
    return f"/admin/rbac/role/{role.pk}/permissions/{query}"


def pk_of(code: str) -> str:
    app, _, codename = code.partition(".")
    return str(Permission.objects.get(content_type__app_label=app, codename=codename).pk)


def own(role: Role) -> set[str]:
    return set(Definition.of(Role.objects.get(pk=role.pk)).permissions)


def save(desk: Desk, role: Role, *codes: str, query: str = "", loaded=None, **fields):
    checked = [pk_of(code) for code in codes]
    fields = {"reason": "Because", **fields}
    return desk.fill(path_of(role, query), "matrix", loaded=loaded, own=checked, **fields)


def row_of(response, code: str) -> str:
    """A row as somebody reads it, and whether its box is checked or shut."""
    rows = re.findall(r"<tr>.*?</tr>", response.content.decode(), re.DOTALL)
    (found,) = [row for row in rows if f">{code}</label>" in row]
    state = [word for word in ("checked", "disabled") if re.search(rf"<input[^>]* {word}", found)]
    return " ".join([*re.sub("<[^>]+>", " ", found).split(), *state])


@pytest.fixture
def invoices(db) -> ContentType:
    """1,200 permissions of another app."""
    kind = ContentType.objects.create(app_label="billing", model="invoice")
    Permission.objects.bulk_create(
        Permission(content_type=kind, codename=f"do_{number:04}", name=f"Deed {number:04}")
        for number in range(1200)
    )
    return kind


@pytest.fixture
def clerk(db) -> Role:
    make_role("reader", 1, "accounts.view_user")
    return make_role("clerk", 5, "rbac.view_role", parents=("reader",))


def test_own_and_inherited_stand_apart_with_label_and_danger(desk, clerk):
    page = desk.get(path_of(clerk))
    assert row_of(page, "accounts.view_user") == "accounts.view_user See accounts low reader"
    assert row_of(page, "rbac.view_role").endswith("low checked")
    assert "Give and take roles below their own high" in row_of(page, "rbac.assign_role")
    assert "accounts: 0 own, 1 inherited, " in shown(page)
    assert "rbac: 1 own, 0 inherited, " in shown(page)


def test_thousands_are_shown_a_page_at_a_time_for_as_many_statements(desk, clerk, invoices):
    def cost(query: str) -> tuple[int, int]:
        with CaptureQueriesContext(connection) as captured:
            page = desk.get(path_of(clerk, query))
        assert page.status_code == 200
        return len(captured), page.content.decode().count('type="checkbox"')

    few, rows = cost("?app=rbac")
    assert rows < 20
    assert cost("?app=billing") == (few, 200)
    assert cost("?app=billing&page=6") == (few, 200)
    clerk.permissions.set(Permission.objects.filter(content_type=invoices))
    assert cost("?app=billing&page=last") == (few, 200)
    fields = Filled(desk.get(path_of(clerk, "?app=billing")), "matrix").fields
    assert sum(len(values) for values in fields.values()) < 1000


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=do_0007", "1 permission"),
        ("?q=deed+000", "10 permissions"),
        ("?q=billing.do_11", "100 permissions"),
        ("?q=nothing-like-it", "0 permissions"),
        ("?q=do_0007&app=rbac", "0 permissions"),
        ("?q=do_00&app=billing", "100 permissions"),
        ("?app=nonsense&q=do_0007", "1 permission"),
        ("?q=do_0007&page=nonsense", "1 permission"),
        ("?q=%00", "permissions"),
    ],
)
def test_permissions_are_found_by_code_label_and_app(desk, clerk, invoices, query, found):
    page = desk.get(path_of(clerk, query))
    assert f"{found}" in shown(page)


def test_a_page_changes_what_it_shows_and_nothing_else(desk, root, clerk, invoices):
    clerk.permissions.set(Permission.objects.filter(codename__in=["do_0001", "do_0300"]))
    response = save(desk, clerk, "billing.do_0002", query="?app=billing")
    assert response.status_code == 302
    assert said(desk.get(response.url)) == ["Clerk: 1 given, 1 taken."]
    assert response.url == path_of(clerk, "?app=billing")
    assert own(clerk) == {"billing.do_0002", "billing.do_0300"}
    entry = LogEntry.objects.get()
    assert entry.user == root
    assert entry.get_change_message() == "Given: billing.do_0002. Taken: billing.do_0001. Because"


def test_a_page_loaded_before_applies_only_what_was_changed_on_it(desk, clerk):
    clerk.permissions.add(pk_of("rbac.add_role"), pk_of("rbac.change_role"))
    loaded = desk.get(path_of(clerk))
    clerk.permissions.remove(pk_of("rbac.add_role"))
    clerk.permissions.add(pk_of("rbac.delete_role"))
    codes = ("rbac.view_role", "rbac.add_role", "rbac.assign_role")  # change_role is unchecked
    assert save(desk, clerk, *codes, loaded=loaded).status_code == 302
    assert own(clerk) == {"rbac.view_role", "rbac.delete_role", "rbac.assign_role"}


def test_saving_what_is_there_changes_nothing(desk, clerk):
    response = save(desk, clerk, "rbac.view_role")
    assert said(desk.get(response.url)) == ["There was nothing to do."]
    assert not LogEntry.objects.exists()


def test_without_a_reason_nothing_is_saved_and_nothing_lost(desk, clerk):
    response = save(desk, clerk, "rbac.view_role", "rbac.add_role", reason="")
    assert response.status_code == 200
    assert "This field is required" in shown(response)
    assert row_of(response, "rbac.add_role").endswith("checked")
    assert own(clerk) == {"rbac.view_role"}


def test_a_page_shown_again_still_knows_what_was_changed_on_it(desk, clerk):
    clerk.permissions.add(pk_of("rbac.add_role"))
    loaded = desk.get(path_of(clerk))
    clerk.permissions.remove(pk_of("rbac.add_role"))
    codes = ("rbac.view_role", "rbac.add_role", "rbac.assign_role")
    again = save(desk, clerk, *codes, loaded=loaded, reason="")
    assert save(desk, clerk, *codes, loaded=again).status_code == 302
    assert own(clerk) == {"rbac.view_role", "rbac.assign_role"}


def test_nobody_gives_what_they_lack(manager_desk, clerk):
    page = manager_desk.get(path_of(clerk))
    lacking = row_of(page, "auth.change_group")
    assert lacking.endswith("(you lack it) not declared disabled")
    assert not row_of(page, "rbac.add_role").endswith("disabled")
    for code in ("auth.change_group", "tokens.introspect"):
        response = save(manager_desk, clerk, "rbac.view_role", code)
        assert response.status_code == 200
        assert "You may only touch roles that rank below yours" in shown(response)
    assert own(clerk) == {"rbac.view_role"}
    assert not LogEntry.objects.exists()
    assert save(manager_desk, clerk, "rbac.view_role", "rbac.add_role").status_code == 302
    assert own(clerk) == {"rbac.view_role", "rbac.add_role"}


@pytest.mark.parametrize("slug", ["chief", "above", "auditor", "admin"])
def test_a_role_out_of_reach_is_read_only(manager_desk, slug):
    make_role("above", 60)
    make_role("auditor", 5, "auth.view_group")
    role = Role.objects.get(slug=slug)
    before, page = own(role), manager_desk.get(path_of(role))
    assert page.status_code == 200
    assert "disabled" in row_of(page, "rbac.add_role")
    assert b'name="reason"' not in page.content
    forged = {"own": [pk_of("rbac.add_role")], "reason": "Because"}
    assert manager_desk.post(path_of(role), forged).status_code == 403
    assert own(role) == before


def test_looking_takes_the_permission_and_changing_another(make_staff, clerk):
    viewer = Desk.of(make_staff("rbac.view_role"))
    assert "disabled" in row_of(viewer.get(path_of(clerk)), "rbac.add_role")
    assert viewer.post(path_of(clerk), {"reason": "x"}).status_code == 403
    other = Desk.of(make_staff("accounts.view_user", email="other@example.com"))
    assert other.get(path_of(clerk)).status_code == 403


def test_taking_what_a_superior_has_by_it_is_refused(manager_desk, make_staff, clerk):
    superior = make_staff("auth.view_group", email="superior@example.com")
    give(superior, "clerk")
    response = save(manager_desk, clerk)
    assert response.status_code == 200
    assert "Nothing is saved." in shown(response)
    assert own(clerk) == {"rbac.view_role"}


@pytest.mark.parametrize("wrong", [["0"], ["nonsense"], ["9" * 30]])
def test_an_id_that_is_none_is_no_error(desk, clerk, wrong):
    for name in ("own", "was"):
        response = desk.post(path_of(clerk), {name: wrong, "reason": "Because"})
        assert response.status_code in {200, 400}
    assert own(clerk) == {"rbac.view_role"}


def test_two_models_that_share_a_code_are_given_and_taken_together(desk, clerk):
    kinds = [ContentType.objects.create(app_label="shop", model=name) for name in ("a", "b")]
    rows = [Permission.objects.create(content_type=kind, codename="ship") for kind in kinds]
    first, second = (str(row.pk) for row in rows)
    reason = {"reason": "Because"}
    desk.fill(path_of(clerk, "?app=shop"), "matrix", own=[first], **reason)
    assert clerk.permissions.filter(codename="ship").count() == 2
    desk.fill(path_of(clerk, "?app=shop"), "matrix", own=[second], **reason)
    assert own(clerk) == {"rbac.view_role"}


def test_it_is_a_table_for_screen_readers_without_inline_script_or_style(desk, clerk):
    html = desk.get(path_of(clerk)).content.decode()
    main = html.partition('id="content-main"')[2]
    assert main.count('scope="col"') == 5
    assert main.count("<label for=") == main.count('type="checkbox"') + 3  # q, app and reason
    assert 'scope="rowgroup"' in main
    assert not re.search(r"<script(?![^>]*src=)|\sstyle=|\son\w+=|<style", main)


def test_what_somebody_else_has_done_meanwhile_is_not_told_twice(desk):
    role = make_role("clerk", 5)
    loaded = desk.get(path_of(role))
    assert save(desk, role, "accounts.view_user").status_code == 302
    entries = LogEntry.objects.count()
    answer = save(desk, role, "accounts.view_user", loaded=loaded)
    assert said(desk.get(answer.url))[-1] == "There was nothing to do."
    assert (own(role), LogEntry.objects.count()) == ({"accounts.view_user"}, entries)
