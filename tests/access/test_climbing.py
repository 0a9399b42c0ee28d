"""None climbs: every way up by the API is refused as the contract says, and changes nothing."""

import uuid
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.utils import timezone

from rbac.models import Role, RoleAssignment
from rbac.system import AS_MADE
from tests.access.climbs import (
    CHANGING,
    DELETING,
    DENIED,
    GRANTING,
    MAKING,
    SOON,
    TAKING,
    TERMS,
    Climb,
    edits,
)
from tests.access.people import MANAGES, give, make_role, permission, undone
from tests.admin.conftest import allow
from tests.doors import PASSWORD, Api, codes
from tokens.models import Restriction, Session

EVERY = {
    "granting": GRANTING,
    "on what terms": TERMS,
    "taking": TAKING,
    "making": MAKING,
    "changing": CHANGING,
    "deleting": DELETING,
}
GRANT_CLERK = {"role": "clerk", "reason": "Please"}
ADMIN = {"role": "admin", "reason": "Please"}
LAST = (409, "last_admin", None)


@pytest.fixture
def roles(db) -> None:
    make_role("manager", *MANAGES, "accounts.view_user", rank=60)
    make_role("twin", rank=60)
    make_role("director", rank=80)
    make_role("clerk", "accounts.view_user", rank=10)
    make_role("badge", rank=10)
    make_role("auditor", "tokens.diagnose", rank=20)
    make_role("heir", rank=5, parents=["auditor"])
    make_role("grandheir", rank=3, parents=["heir"])
    make_role("lofty", rank=5, parents=["director"])
    make_role("grandlofty", rank=3, parents=["lofty"])
    make_role("stem", "accounts.view_user", rank=5)
    make_role("bloom", rank=6, parents=["stem"])
    make_role("low", rank=3)
    make_role("lower", rank=2, parents=["low"])
    make_role("lowest", rank=1, parents=["lower"])
    Role.objects.get(slug="user").permissions.add(permission("rbac.view_role"))


@pytest.fixture
def people(roles, make_user: Callable[..., Any]) -> dict[str, Any]:
    """By what they are to the attacker."""

    def make(name: str, *held: str, **fields: Any) -> Any:
        person = make_user(f"{name}@example.com", **{"password": None, **fields})
        for slug in held:
            give(person, slug)
        return person

    group = Group.objects.create(name="Diagnosticians")
    group.permissions.add(permission("tokens.diagnose"))
    people = {
        "self": make_user("self@example.com"),
        "victim": make("victim"),
        "holder": make("holder", "badge"),
        "peer": make("peer", "manager"),
        "superior": make("superior", "director", "clerk", "bloom"),
        "retired_superior": make("retired", "director", is_active=False),
        "administrator": make("administrator", "admin", "clerk"),
        "superuser": make("superuser", "clerk", is_superuser=True),
        "retired_superuser": make("past", is_superuser=True, is_active=False),
        "specialist": make("specialist", "clerk"),
        "grouped": make("grouped", "clerk"),
        "inheriting": make("inheriting", "heir"),
    }
    give(people["self"], "manager")
    allow(people["specialist"], "tokens.diagnose")
    people["grouped"].groups.add(group)
    return people


@pytest.fixture
def attacker(people) -> Api:
    return Api().login("self@example.com", transport="bearer")


def authority() -> list[Any]:
    """All that says who may do what."""
    users = get_user_model()
    tables = [
        Role.objects,
        Role.parents.through.objects,
        Role.permissions.through.objects,
        RoleAssignment.objects,
        users.user_permissions.through.objects,
        users.groups.through.objects,
        Group.permissions.through.objects,
    ]
    privileges = users.objects.values("pk", "is_active", "is_staff", "is_superuser")
    rows = [*(table.values() for table in tables), privileges]
    return [list(each.order_by("pk")) for each in rows]


def give_password(user: Any) -> None:
    user.set_password(PASSWORD)
    user.save()


def climb(api: Api, people: dict[str, Any], attempt: Climb):
    named = {name: person.pk for name, person in people.items()} | {"nobody": uuid.UUID(int=1)}
    return api.request(attempt.method, attempt.path.format_map(named), attempt.body)


def arrived(api: Api, people: dict[str, Any], attempts: Iterable[Climb]) -> list[Any]:
    """Those that did not end as they have to, or that changed something on the way."""
    before, found = authority(), []
    for attempt in attempts:
        with undone(api):
            answer = climb(api, people, attempt)
            changed = authority() != before
        status, code, attr = attempt.ends
        errors = answer.json().get("errors", ()) if answer.content else ()
        told = [(each["code"], each["attr"]) for each in errors]
        if changed or answer.status_code != status or (code, attr) not in told:
            found.append((attempt.name, answer.status_code, told, "CHANGED" * changed))
    return found


@pytest.mark.parametrize("way", EVERY)
def test_no_way_leads_up(attacker, people, way):
    assert arrived(attacker, people, EVERY[way]) == []


def test_what_is_theirs_to_do_they_do(attacker, people):
    """Else everything above might be refused for some other reason."""
    role = {"slug": "ladder", "name": "Ladder", "rank": 59, "permissions": list(MANAGES)}
    for method, path, body, status in [
        ("POST", "/users/{victim}/roles", GRANT_CLERK, 201),
        ("DELETE", "/users/{holder}/roles/badge", None, 204),
        ("POST", "/rbac/roles", role, 201),
        ("PATCH", "/rbac/roles/badge", {"rank": 59, "parents": ["clerk"]}, 200),
        ("PUT", "/rbac/roles/badge", {"name": "Medal"}, 200),
        ("DELETE", "/rbac/roles/badge", None, 204),
    ]:
        before = authority()
        with undone(attacker):
            attempt = Climb("", method, path, body, DENIED)
            assert climb(attacker, people, attempt).status_code == status, (method, path)
            assert authority() != before


WRITES = [
    Climb("grant", "POST", "/users/{victim}/roles", GRANT_CLERK, DENIED),
    Climb("take", "DELETE", "/users/{holder}/roles/badge", None, DENIED),
    Climb("make", "POST", "/rbac/roles", {"slug": "ladder", "name": "Ladder"}, DENIED),
    Climb("change", "PATCH", "/rbac/roles/badge", {"rank": 1}, DENIED),
    Climb("replace", "PUT", "/rbac/roles/badge", {"name": "Ladder"}, DENIED),
    Climb("delete", "DELETE", "/rbac/roles/badge", None, DENIED),
]


def all_end(*ends: Any) -> list[Climb]:
    return [attempt._replace(ends=ends) for attempt in WRITES]


def test_all_permissions_without_a_rank_reach_nobody(people):
    """Rank 0 is below no role, not even those that are made with it."""
    allow(people["victim"], *MANAGES, "accounts.view_user")
    give_password(people["victim"])
    api = Api().login("victim@example.com", transport="bearer")
    role = {"slug": "ladder", "name": "Ladder", "rank": 0}
    more = [
        Climb("rank 0", "POST", "/rbac/roles", role, DENIED),
        Climb("user", "PATCH", "/rbac/roles/user", {"permissions": list(MANAGES)}, DENIED),
        Climb("self", "POST", "/users/{victim}/roles", GRANT_CLERK, DENIED),
    ]
    others = [each for each in WRITES if each.name != "grant"]
    assert arrived(api, people, [*others, *more]) == []


def test_who_stands_in_leaves_nothing_that_lasts(attacker, people):
    """Manager for an hour: what has no end, or frees of a second factor, is for others."""
    ends = timezone.now() + timedelta(hours=1)
    RoleAssignment.objects.filter(user=people["self"]).update(expires_at=ends)
    Role.objects.filter(slug="badge").update(mfa_required=True)
    attempts = [
        Climb("for good", "POST", "/users/{victim}/roles", GRANT_CLERK, DENIED),
        Climb("free one", "DELETE", "/users/{holder}/roles/badge", None, DENIED),
        Climb("delete", "DELETE", "/rbac/roles/clerk", None, DENIED),
        *edits("badge", DENIED, loosen={"mfa_required": False}),
        *edits("clerk", DENIED, fewer={"permissions": []}, lower={"rank": 1}, more={"rank": 11}),
        *edits("lower", DENIED, orphan={"parents": []}, strict={"mfa_required": True}),
    ]
    assert arrived(attacker, people, attempts) == []
    for_a_while = {**GRANT_CLERK, "expires_at": ends.isoformat()}
    assert climb(attacker, people, attempts[0]._replace(body=for_a_while)).status_code == 201
    assert (
        attacker.request("DELETE", f"/users/{people['victim'].pk}/roles/clerk").status_code == 204
    )
    assert attacker.request("PATCH", "/rbac/roles/badge", {"name": "Medal"}).status_code == 200


def test_a_rank_without_the_permission_does_nothing(attacker, people):
    Role.objects.get(slug="manager").permissions.set([permission("rbac.view_role")])
    assert arrived(attacker, people, WRITES) == []


@pytest.mark.parametrize("transport", ["cookie", "hybrid", "bearer"])
def test_what_the_token_says_counts_for_nothing(people, transport):
    api = Api().login("self@example.com", transport=transport)
    assert api.get("/rbac/explain?user=x").status_code == 400
    RoleAssignment.objects.filter(user=people["self"]).delete()
    assert arrived(api, people, WRITES) == []


def test_a_proof_of_long_ago_opens_nothing(attacker, people, later):
    later(minutes=10, seconds=1)
    assert arrived(attacker, people, all_end(403, "reauthentication_required", None)) == []


@pytest.mark.parametrize(
    ("restriction", "code"),
    [
        (Restriction.ENROL_MFA, "mfa_enrollment_required"),
        (Restriction.CHANGE_PASSWORD, "permission_denied"),
        (Restriction.REOPEN, "permission_denied"),
    ],
)
def test_a_session_restricted_to_one_step_opens_nothing(attacker, people, restriction, code):
    Session.objects.update(restriction=restriction)
    assert arrived(attacker, people, all_end(403, code, None)) == []


def test_a_foreign_page_opens_nothing(people):
    browser = Api().login("self@example.com")
    browser.client.cookies.pop("__Host-csrftoken")
    assert arrived(browser, people, all_end(403, "csrf_failed", None)) == []


def test_a_method_is_what_the_request_line_says(attacker, people):
    before = authority()
    path = "/rbac/roles/badge"
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        assert attacker.get(path, **{name: "DELETE"}).status_code == 200
        assert codes(attacker.post(path, **{name: "DELETE"})) == ["method_not_allowed"]
    assert codes(attacker.post(f"{path}?_method=DELETE")) == ["method_not_allowed"]
    assert authority() == before


FOR_NOBODY = [
    *(each for each in [*MAKING, *CHANGING, *TERMS] if each.ends[0] == 400),
    *(each for each in DELETING if each.name in AS_MADE),
    Climb("last", "DELETE", "/users/{administrator}/roles/admin", None, LAST),
    Climb(
        "for a while", "POST", "/users/{administrator}/roles", {**ADMIN, "expires_at": SOON}, LAST
    ),
    Climb("one day", "POST", "/users/{administrator}/roles", {**ADMIN, "starts_at": SOON}, LAST),
]


def test_what_holds_for_superusers_too(people):
    give_password(people["superuser"])
    root = Api().login("superuser@example.com", transport="bearer")
    assert arrived(root, people, FOR_NOBODY) == []


def test_nobody_raises_a_role_of_their_own(attacker, people):
    """What they hold until tomorrow they would else keep for good."""
    give(people["self"], "low")
    give(people["self"], "bloom")
    lasting = {"permissions": list(MANAGES), "rank": 59}
    attempts = [
        *edits("low", DENIED, rank={"rank": 59}, parent={"parents": ["clerk"]}, all=lasting),
        *edits("stem", DENIED, inherited={"permissions": [*MANAGES, "accounts.view_user"]}),
        *edits("user", DENIED, everybodys={"permissions": list(MANAGES), "rank": 0}),
    ]
    assert arrived(attacker, people, attempts) == []


def test_nobody_raises_a_role_that_will_be_their_own(attacker, people):
    give(people["self"], "low", starts_at=timezone.now() + timedelta(days=1))
    attempts = edits("low", DENIED, all={"permissions": list(MANAGES), "rank": 59})
    assert arrived(attacker, people, attempts) == []
