"""Every page, the admin's too, and everybody who may open it: who is shown what.

A page that is mounted without a row in TABLE fails here.
"""

from typing import Any

import pytest
from django.urls import resolve

from tests.access.people import PEOPLE, rows_of
from tests.access.site import furnish, mounted, target
from tests.admin.desk import Desk
from tests.doors import PASSWORD
from tests.portcullis.routes import row_counts

# Where redirections end; 302: at the login page. `<id>` is `user`, or something of theirs. Who
# holds a role is staff here. S: needs a recent proof too; the admin's own pages: tests/admin.
#                                                       anon user other mod  mgr  staff admin super
TABLE = """
/                                                       200  200  200  200  200  200  200  200
healthz                                                 200  200  200  200  200  200  200  200
readyz                                                  200  200  200  200  200  200  200  200
.well-known/jwks.json                                   200  200  200  200  200  200  200  200
accounts/login/                                         200  200  200  200  200  200  200  200
accounts/logout/                                        405  405  405  405  405  405  405  405
accounts/register/                                      200  200  200  200  200  200  200  200
accounts/verify-email/                                  200  200  200  200  200  200  200  200
accounts/password/reset/                                200  200  200  200  200  200  200  200
accounts/password/reset/confirm/                        200  200  200  200  200  200  200  200
accounts/password/change/                               302  200  200  200  200  200  200  200
accounts/email/change/                                  302  200  200  200  200  200  200  200  S
accounts/email/confirm/                                 302  200  200  200  200  200  200  200
accounts/email/undo/                                    200  200  200  200  200  200  200  200
accounts/not-me/                                        200  200  200  200  200  200  200  200
accounts/reauthenticate/                                302  200  200  200  200  200  200  200
accounts/mfa/challenge/                                 302  302  302  302  302  302  302  302
accounts/profile/                                       302  200  200  200  200  200  200  200
accounts/profile/export/                                302  200  200  200  200  200  200  200  S
accounts/close/                                         302  200  200  200  200  200  200  200  S
accounts/reopen/                                        302  200  200  200  200  200  200  200
accounts/sessions/                                      302  200  200  200  200  200  200  200
admin/                                                  302  403  403  200  200  200  200  200
admin/login/                                            302  403  403  200  200  200  200  200
admin/logout/                                           302  403  403  405  405  405  405  405
admin/password_change/                                  302  403  403  200  200  200  200  200
admin/password_change/done/                             302  403  403  200  200  200  200  200
admin/autocomplete/                                     302  403  403  403  403  403  403  403
admin/jsi18n/                                           302  403  403  200  200  200  200  200
admin/r/<path:content_type_id>/<id>/                    302  403  403  404  404  404  404  404
admin/accounts/user/                                    302  403  403  200  403  200  200  200
admin/accounts/user/add/                                302  403  403  403  403  200  200  200
admin/accounts/user/<id>/history/                       302  403  403  200  403  200  200  200
admin/accounts/user/<id>/delete/                        302  403  403  403  403  403  403  403
admin/accounts/user/<id>/change/                        302  403  403  200  403  200  200  200
admin/accounts/user/<id>/                               302  403  403  200  403  200  200  200
admin/rbac/role/<id>/permissions/                       302  403  403  403  200  403  200  200
admin/rbac/role/explain/                                302  403  403  403  200  403  200  200
admin/rbac/role/                                        302  403  403  403  200  403  200  200
admin/rbac/role/add/                                    302  403  403  403  200  403  200  200
admin/rbac/role/<id>/history/                           302  403  403  403  200  403  200  200
admin/rbac/role/<id>/delete/                            302  403  403  403  403  403  403  403
admin/rbac/role/<id>/change/                            302  403  403  403  200  403  200  200
admin/rbac/role/<id>/                                   302  403  403  403  200  403  200  200
admin/rbac/roleassignment/                              302  403  403  403  200  403  200  200
admin/rbac/roleassignment/add/                          302  403  403  403  200  403  200  200
admin/rbac/roleassignment/<id>/history/                 302  403  403  403  200  403  200  200
admin/rbac/roleassignment/<id>/delete/                  302  403  403  403  403  403  403  403
admin/rbac/roleassignment/<id>/change/                  302  403  403  403  200  403  200  200
admin/rbac/roleassignment/<id>/                         302  403  403  403  200  403  200  200
admin/tokens/session/diagnose/                          302  403  403  403  403  403  200  200
admin/tokens/session/                                   302  403  403  200  403  200  200  200
admin/tokens/session/add/                               302  403  403  403  403  403  403  403
admin/tokens/session/<id>/history/                      302  403  403  200  403  200  200  200
admin/tokens/session/<id>/delete/                       302  403  403  403  403  403  403  403
admin/tokens/session/<id>/change/                       302  403  403  200  403  200  200  200
admin/tokens/session/<id>/                              302  403  403  200  403  200  200  200
admin/tokens/signingkey/                                302  403  403  403  403  403  200  200
admin/tokens/signingkey/add/                            302  403  403  403  403  403  403  403
admin/tokens/signingkey/<id>/history/                   302  403  403  403  403  403  200  200
admin/tokens/signingkey/<id>/delete/                    302  403  403  403  403  403  403  403
admin/tokens/signingkey/<id>/change/                    302  403  403  403  403  403  200  200
admin/tokens/signingkey/<id>/                           302  403  403  403  403  403  200  200
admin/accounts/onetimetoken/                            302  403  403  403  403  200  200  200
admin/accounts/onetimetoken/add/                        302  403  403  403  403  403  403  403
admin/accounts/onetimetoken/<id>/history/               302  403  403  403  403  200  200  200
admin/accounts/onetimetoken/<id>/delete/                302  403  403  403  403  403  403  403
admin/accounts/onetimetoken/<id>/change/                302  403  403  403  403  200  200  200
admin/accounts/onetimetoken/<id>/                       302  403  403  403  403  200  200  200
admin/accounts/invitation/                              302  403  403  403  403  403  200  200
admin/accounts/invitation/add/                          302  403  403  403  403  403  200  200
admin/accounts/invitation/<id>/history/                 302  403  403  403  403  403  200  200
admin/accounts/invitation/<id>/delete/                  302  403  403  403  403  403  403  403
admin/accounts/invitation/<id>/change/                  302  403  403  403  403  403  200  200
admin/accounts/invitation/<id>/                         302  403  403  403  403  403  200  200
admin/auth/group/                                       302  403  403  403  403  403  403  200
admin/auth/group/add/                                   302  403  403  403  403  403  403  200
admin/auth/group/<id>/history/                          302  403  403  403  403  403  403  200
admin/auth/group/<id>/delete/                           302  403  403  403  403  403  403  403
admin/auth/group/<id>/change/                           302  403  403  403  403  403  403  200
admin/auth/group/<id>/                                  302  403  403  403  403  403  403  200
admin/django_tasks_database/dbtaskresult/               302  403  403  403  403  403  200  200
admin/django_tasks_database/dbtaskresult/add/           302  403  403  403  403  403  403  403
admin/django_tasks_database/dbtaskresult/<id>/history/  302  403  403  403  403  403  200  200
admin/django_tasks_database/dbtaskresult/<id>/delete/   302  403  403  403  403  403  403  403
admin/django_tasks_database/dbtaskresult/<id>/change/   302  403  403  403  403  403  200  200
admin/django_tasks_database/dbtaskresult/<id>/          302  403  403  403  403  403  200  200
admin/accounts/                                         302  403  403  200  404  200  200  200
admin/rbac/                                             302  403  403  404  200  404  200  200
admin/tokens/                                           302  403  403  200  404  200  200  200
admin/auth/                                             302  403  403  404  404  404  404  200
admin/django_tasks_database/                            302  403  403  404  404  404  200  200
admin/waffle/switch/                                    302  403  403  403  403  403  200  200
admin/waffle/switch/add/                                302  403  403  403  403  403  403  403
admin/waffle/switch/<id>/history/                       302  403  403  403  403  403  200  200
admin/waffle/switch/<id>/delete/                        302  403  403  403  403  403  403  403
admin/waffle/switch/<id>/change/                        302  403  403  403  403  403  200  200
admin/waffle/switch/<id>/                               302  403  403  403  403  403  200  200
admin/waffle/                                           302  403  403  404  404  404  200  200
admin/nothing/                                          302  403  403  404  404  404  404  404
"""
ROWS = rows_of(TABLE)
STATUS = {path: cells[: len(PEOPLE)] for path, cells in ROWS.items()}
NEEDS_A_PROOF = sorted(path for path, cells in ROWS.items() if cells[len(PEOPLE) :] == ["S"])
PROOF = "/accounts/reauthenticate/"


@pytest.fixture
def desks(crowd, mailbox) -> dict[str, Desk]:
    furnish(crowd, mailbox)
    return {"anonymous": Desk()} | {name: Desk.of(user) for name, user in crowd.items()}


def outcome(desk: Desk, answer: Any) -> str:
    """The status where redirections end."""
    while answer.status_code in {301, 302}:
        if answer.url.startswith("/accounts/login/"):
            return "302"
        answer = desk.get(answer.url)
    return str(answer.status_code)


def test_every_page_has_a_row():
    assert sorted(mounted()) == sorted(STATUS)


def test_everybody_is_shown_what_the_table_says(crowd, desks):
    found = {}
    for path in STATUS:
        url = target(path, crowd["user"])
        found[path] = [outcome(desk, desk.get(url)) for desk in desks.values()]
    assert found == STATUS


def test_nobody_sends_a_form_to_what_they_are_not_shown(crowd, desks):
    before, found = row_counts(), []
    for path in STATUS.keys() - {"admin/logout/"}:
        url = target(path, crowd["user"])
        for desk, shown in zip(desks.values(), STATUS[path], strict=True):
            if path.startswith("admin/") and shown != "200":
                sent = outcome(desk, desk.post(url, {"post": "yes", "action": "delete_selected"}))
                found += [(path, sent)] if sent not in {shown, "405"} else []
    assert found == []
    assert row_counts() == before


def test_no_role_alone_opens_the_admin(crowd, desks):
    """Roles say what staff may do; who is staff, an account says."""
    type(crowd["user"]).objects.filter(is_superuser=False).update(is_staff=False)
    for person in ("moderator", "manager", "admin"):
        for path in ("admin/", "admin/accounts/user/", "admin/rbac/role/", "admin/rbac/role/add/"):
            assert outcome(desks[person], desks[person].get(f"/{path}")) == "403"


def test_what_needs_a_recent_proof_leads_to_it_and_back(crowd, later):
    desk = Desk.of(crowd["user"])
    later(minutes=11)
    before = row_counts()
    for page in NEEDS_A_PROOF:
        for sent in (desk.get(f"/{page}"), desk.post(f"/{page}", {"email": "new@example.com"})):
            assert sent.url == f"{PROOF}?next={back_to(page)}"
    assert row_counts() == before
    back = f"/{NEEDS_A_PROOF[0]}"
    assert desk.post(PROOF, {"password": PASSWORD, "next": back}).url == back
    assert {desk.get(f"/{page}").status_code for page in NEEDS_A_PROOF} == {200}


def back_to(page: str) -> str:
    """A download is no page to come back to."""
    return "/accounts/profile/" if page.endswith("export/") else f"/{page}"


def test_every_page_that_asks_for_a_proof_is_marked():
    asking = {path for path in STATUS if asks_for_a_proof(path)}
    assert asking == set(NEEDS_A_PROOF)


def asks_for_a_proof(path: str) -> bool:
    if not path.startswith("accounts/"):
        return False
    view = getattr(resolve(f"/{path}").func, "view_class", None)
    return bool(getattr(view, "step_up", False))
