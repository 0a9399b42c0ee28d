"""Every route of the API and everybody who may call it: who is answered what.

A route or a method that is mounted without a row in TABLE fails here.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from tests.access.people import PEOPLE, address, rows_of, undone
from tests.accounts.moving import asked, moved
from tests.doors import PASSWORD, Api, codes
from tests.portcullis.routes import methods, mounted

# `user` and `badge` are whom and what the paths name. S: needs a recent proof too (CONTRACT 1).
#                                               anon user other mod  mgr  staff admin super
TABLE = """
GET auth/csrf                                    200  200  200  200  200  200  200  200
POST auth/register                               202  202  202  202  202  202  202  202
GET auth/verify-email                            200  200  200  200  200  200  200  200
POST auth/verify-email                           200  200  200  200  200  200  200  200
POST auth/resend-verification                    202  202  202  202  202  202  202  202
POST auth/login                                  200  200  200  200  200  200  200  200
POST auth/forgot-password                        202  202  202  202  202  202  202  202
POST auth/reset-password                         200  200  200  200  200  200  200  200
POST auth/change-password                        401  200  200  200  200  200  200  200
POST auth/set-password                           401  400  400  400  400  400  400  400  S
POST auth/change-email                           401  202  202  202  202  202  202  202  S
POST auth/confirm-email-change                   200  200  200  200  200  200  200  200
POST auth/undo-email-change                      200  200  200  200  200  200  200  200
POST auth/reauthenticate                         401  200  200  200  200  200  200  200
POST auth/refresh                                401  200  200  200  200  200  200  200
DELETE auth/refresh                              401  204  204  204  204  204  204  204
POST auth/logout                                 401  204  204  204  204  204  204  204
POST auth/token/verify                           200  200  200  200  200  200  200  200
POST auth/token/introspect                       401  403  403  403  403  403  200  200
POST auth/token/revoke                           401  200  200  200  200  200  200  200
POST invitations                                 401  403  403  403  403  403  202  202  S
GET auth/sessions                                401  200  200  200  200  200  200  200
DELETE auth/sessions                             401  204  204  204  204  204  204  204  S
DELETE auth/sessions/<uuid:session_id>           401  204  404  404  404  404  404  404
GET users/profile                                401  200  200  200  200  200  200  200
PATCH users/profile                              401  200  200  200  200  200  200  200
DELETE users/profile                             401  202  202  202  202  202  409  409  S
GET users/profile/export                         401  200  200  200  200  200  200  200  S
POST auth/reopen                                 401  403  403  403  403  403  403  403
GET users/<uuid:user_id>/sessions                401  200  403  200  403  200  200  200
GET users/<uuid:user_id>/roles                   401  200  403  403  200  403  200  200
POST users/<uuid:user_id>/roles                  401  403  403  403  201  403  201  201  S
DELETE users/<uuid:user_id>/roles/<slug:slug>    401  403  403  403  204  403  204  204  S
GET rbac/roles                                   401  403  403  403  200  403  200  200
POST rbac/roles                                  401  403  403  403  201  403  201  201  S
GET rbac/roles/<slug:slug>                       401  403  403  403  200  403  200  200
PUT rbac/roles/<slug:slug>                       401  403  403  403  200  403  200  200  S
PATCH rbac/roles/<slug:slug>                     401  403  403  403  200  403  200  200  S
DELETE rbac/roles/<slug:slug>                    401  403  403  403  204  403  204  204  S
GET rbac/permissions                             401  403  403  403  200  403  200  200
GET rbac/explain                                 401  403  403  403  200  403  200  200
GET schema                                       200  200  200  200  200  200  200  200
GET docs                                         200  200  200  200  200  200  200  200
"""
ROWS = rows_of(TABLE)
STATUS = {name: cells[: len(PEOPLE)] for name, cells in ROWS.items()}
NEEDS_A_PROOF = {name for name, cells in ROWS.items() if cells[len(PEOPLE) :] == ["S"]}
FOR_SOMEBODY = {name for name, cells in STATUS.items() if cells[0] == "401"}
BY_COOKIE_ALONE = {"DELETE auth/refresh"}
REFUSED = {401: "not_authenticated", 403: "permission_denied"}

NEW_PASSWORD = "Difference-Engine-1822"
A_ROLE = {"name": "Helper", "rank": 5, "permissions": ["rbac.view_role"], "parents": ["user"]}
QUERIES = {
    "GET auth/verify-email": "?token={verify}",
    "GET rbac/explain": "?user={user}&permission=accounts.view_user",
}
BODIES: dict[str, dict[str, Any]] = {
    "POST auth/register": {"email": address("new"), "password": PASSWORD, "name": "New"},
    "POST auth/verify-email": {"token": "{verify}"},
    "POST auth/resend-verification": {"email": address("fresh")},
    "POST auth/login": {"email": address("user"), "password": PASSWORD},
    "POST auth/forgot-password": {"email": address("user")},
    "POST auth/reset-password": {"token": "{reset}", "password": NEW_PASSWORD},
    "POST auth/change-password": {"current_password": PASSWORD, "new_password": NEW_PASSWORD},
    "POST auth/set-password": {"password": NEW_PASSWORD},
    "POST auth/change-email": {"email": address("new")},
    "POST auth/confirm-email-change": {"token": "{change}"},
    "POST auth/undo-email-change": {"token": "{undo}"},
    "POST auth/reauthenticate": {"password": PASSWORD},
    "POST auth/refresh": {"refresh": "{refresh}"},
    "POST auth/token/verify": {"token": "{access}"},
    "POST auth/token/introspect": {"token": "{access}"},
    "POST auth/token/revoke": {"token": "{access}"},
    "PATCH users/profile": {"name": "Countess"},
    "POST users/<uuid:user_id>/roles": {"role": "badge", "reason": "Earned"},
    "POST invitations": {"email": address("new"), "roles": ["badge"]},
    "POST rbac/roles": {"slug": "helper", **A_ROLE},
    "PUT rbac/roles/<slug:slug>": A_ROLE,
    "PATCH rbac/roles/<slug:slug>": {"rank": 5},
}


@pytest.fixture
def facts(crowd, make_user, mailbox) -> dict[str, str]:
    """What stands in paths and bodies: whom they name, and links that were mailed."""
    api = Api()
    assert api.register(address("fresh")).status_code == 202
    verify = mailbox.token()
    assert api.post("/auth/forgot-password", {"email": address("user")}).status_code == 202
    reset = mailbox.token()
    user = Api().login(address("user"), transport="bearer")
    make_user(address("mover"))
    return {
        "user": str(crowd["user"].pk),
        "verify": verify,
        "reset": reset,
        "undo": moved(mailbox, at=address("mover"), to=address("moved")),
        "change": asked(mailbox, at=address("moved"), to=address("moving")),
        "access": user.access or "",
    }


def enter(transport: str) -> dict[str, Api]:
    doors = {"anonymous": Api().fetch_csrf()}
    for person in PEOPLE[1:]:
        doors[person] = Api().fetch_csrf().login(address(person), transport=transport)
    return doors


def ask(name: str, api: Api, facts: Mapping[str, str]):
    """Send a row's request, valid in all its parts."""
    method, _, path = name.partition(" ")
    path += QUERIES.get(name, "")
    for part, named in (
        ("<uuid:user_id>", "user"),
        ("<uuid:session_id>", "session"),
        ("<slug:slug>", "role"),
    ):
        path = path.replace(part, f"{{{named}}}")
    known = {**facts, "role": "badge", "refresh": api.refresh_token or ""}
    body = {field: filled(value, known) for field, value in BODIES.get(name, {}).items()}
    sent = {field: value for field, value in body.items() if value != ""}
    return api.request(method, f"/{filled(path, known)}", sent or None)


def filled(value: Any, facts: Mapping[str, str]) -> Any:
    return value.format_map(facts) if isinstance(value, str) else value


def answers(
    rows: Iterable[str], doors: Mapping[str, Api], facts: Mapping[str, str]
) -> dict[str, list[Any]]:
    """Each row's answers to everybody, none of which leaves a trace."""
    facts = {**facts, "session": doors["user"].sid}
    return {name: [tried(name, api, facts) for api in doors.values()] for name in rows}


def tried(name: str, api: Api, facts: Mapping[str, str]):
    with undone(api):
        return ask(name, api, facts)


def statuses(found: Mapping[str, list[Any]]) -> dict[str, list[str]]:
    return {name: [str(each.status_code) for each in row] for name, row in found.items()}


def test_every_route_and_method_has_a_row():
    served = {f"{method} {path}" for path, view in mounted() for method in methods(view)}
    assert {name for name in served if not name.startswith(("OPTIONS", "HEAD"))} == set(ROWS)


def test_everybody_is_answered_as_the_table_says(facts):
    found = answers(ROWS, enter("cookie"), facts)
    assert statuses(found) == STATUS
    refusals = [each for row in found.values() for each in row if each.status_code in REFUSED]
    assert all(codes(each) == [REFUSED[each.status_code]] for each in refusals)


def test_a_token_in_the_header_opens_what_its_cookie_does(facts):
    rows = FOR_SOMEBODY - BY_COOKIE_ALONE
    found = answers(rows, enter("bearer"), facts)
    assert statuses(found) == {name: STATUS[name] for name in rows}


def test_what_needs_a_recent_proof_is_refused_without_one(facts, later):
    """Who may not in any case is told so, and not sent to prove anything."""
    doors = enter("cookie")
    later(minutes=11)
    found = answers(FOR_SOMEBODY, doors, facts)
    assert statuses(found) == {
        name: ["403" if needs_a_proof(name, cell) else cell for cell in STATUS[name]]
        for name in found
    }
    for name in NEEDS_A_PROOF:
        for cell, answer in zip(STATUS[name], found[name], strict=True):
            if needs_a_proof(name, cell):
                assert codes(answer) == ["reauthentication_required"]


def needs_a_proof(name: str, cell: str) -> bool:
    """Whoever may, and whoever only sent what is of no use to their own account."""
    return name in NEEDS_A_PROOF and (cell.startswith("2") or cell in {"400", "409"})
