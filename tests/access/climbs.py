"""Ways to climb by the API, each with how it has to end. Nobody in here may get anything.

The attacker holds `manager`: rank 60, what roles are managed with, and `accounts.view_user`. The
roles and people that the requests name are made in test_climbing.py.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple


class Climb(NamedTuple):
    """`ends`: the status, the code, and the field it is about."""

    name: str
    method: str
    path: str
    body: Any
    ends: tuple[int, str, str | None]


DENIED = (403, "permission_denied", None)
NOT_FOUND = (404, "not_found", None)
SOON, LATE = "2126-01-01T00:00:00Z", "2126-06-01T00:00:00Z"


def wrong(field: str, code: str = "invalid") -> tuple[int, str, str]:
    return 400, code, field


def grants(person: str, ends: Any, **cases: Any) -> Iterator[Climb]:
    for case, body in cases.items():
        terms = body if isinstance(body, dict) else {"role": body}
        sent = {"role": "clerk", "reason": "Please", **terms}
        yield Climb(f"{person}: {case}", "POST", f"/users/{{{person}}}/roles", sent, ends)


def takes(ends: Any, *pairs: str) -> Iterator[Climb]:
    for pair in pairs:
        person, role = pair.split()
        yield Climb(pair, "DELETE", f"/users/{{{person}}}/roles/{role}", None, ends)


def makes(ends: Any, **cases: Any) -> Iterator[Climb]:
    for case, body in cases.items():
        sent = {"slug": "ladder", "name": "Ladder", **body}
        yield Climb(case, "POST", "/rbac/roles", sent, ends)


def edits(role: str, ends: Any, **cases: Any) -> Iterator[Climb]:
    """By PATCH, and by PUT, which sends a name too."""
    for case, body in cases.items():
        yield Climb(f"PATCH {role}: {case}", "PATCH", f"/rbac/roles/{role}", body, ends)
        whole = {"name": "Ladder", **body}
        yield Climb(f"PUT {role}: {case}", "PUT", f"/rbac/roles/{role}", whole, ends)


def deletes(ends: Any, *roles: str) -> Iterator[Climb]:
    for role in roles:
        yield Climb(role, "DELETE", f"/rbac/roles/{role}", None, ends)


GRANTING = [
    *grants(
        "victim",
        DENIED,
        admin="admin",
        moderator_whose_permissions_they_lack="moderator",
        their_own="manager",
        equal_rank="twin",
        higher_rank="director",
        permissions_they_lack="auditor",
        permissions_of_a_parent="heir",
        permissions_of_a_grandparent="grandheir",
        rank_of_a_parent="lofty",
        rank_of_a_grandparent="grandlofty",
        admin_and_a_newline="admin\n",
        admin_among_spaces=" admin ",
        admin_for_a_second={"role": "admin", "expires_at": SOON},
        admin_one_day={"role": "admin", "starts_at": SOON},
    ),
    *grants("self", DENIED, less="clerk", again="manager", for_longer={"role": "manager"}),
    *grants("superior", DENIED, role="clerk"),
    *grants("superior", DENIED, shorter={"expires_at": SOON}, later={"starts_at": SOON}),
    *grants("retired_superior", DENIED, role="clerk"),
    *grants("peer", DENIED, role="clerk", ending={"role": "manager", "expires_at": SOON}),
    *grants("administrator", DENIED, role="clerk", ending={"role": "admin", "expires_at": SOON}),
    *grants("superuser", DENIED, role="clerk"),
    *grants("retired_superuser", DENIED, role="clerk"),
    *grants("specialist", DENIED, role="clerk"),
    *grants("grouped", DENIED, role="clerk"),
    *grants("inheriting", DENIED, role="clerk"),
    *grants("nobody", NOT_FOUND, role="clerk"),
]

TAKING = [
    *takes(
        DENIED,
        "superior director",
        "superior clerk",
        "superior nothing",
        "retired_superior director",
        "peer manager",
        "administrator admin",
        "administrator clerk",
        "superuser clerk",
        "specialist clerk",
        "grouped clerk",
        "inheriting heir",
    ),
    *takes(NOT_FOUND, "victim user", "victim clerk", "holder BADGE", "nobody clerk"),
    *takes(NOT_FOUND, "holder badge%00", "holder badge/", "victim ../../{superior}/roles/director"),
]

MAKING = [
    *makes(
        DENIED,
        equal_rank={"rank": 60},
        higher_rank={"rank": 61},
        highest_rank={"rank": 10_000},
        rank_as_text={"rank": "61"},
        rank_as_a_float={"rank": 1e3},
        rank_in_arabic={"rank": "\u0666\u0661"},
        rank_with_an_underscore={"rank": "6_1"},
        permission_they_lack={"rank": 59, "permissions": ["tokens.diagnose"]},
        one_among_many={"permissions": ["accounts.view_user", "rbac.view_role", "auth.add_group"]},
        permission_among_spaces={"permissions": [" tokens.diagnose\n"]},
        permission_of_a_parent={"parents": ["auditor"]},
        permission_of_a_grandparent={"parents": ["heir"]},
        permission_of_another={"parents": ["grandheir"]},
        child_of_admin={"parents": ["admin"]},
        child_of_admin_among_spaces={"parents": ["admin "]},
        child_of_moderator={"parents": ["moderator"]},
        child_of_their_own={"parents": ["manager"]},
        rank_of_a_parent={"parents": ["director"]},
        rank_of_a_grandparent={"parents": ["clerk", "lofty"]},
    ),
    *makes(
        wrong("rank"),
        rank_true={"rank": True},
        rank_half={"rank": 59.5},
        rank_hex={"rank": "0x3d"},
        rank_list={"rank": [61]},
        rank_object={"rank": {"$gt": 0}},
        rank_infinite={"rank": "Infinity"},
    ),
    *makes(wrong("rank", "null"), rank_null={"rank": None}),
    *makes(wrong("rank", "min_value"), negative={"rank": -1}, very={"rank": -(2**63)}),
    *makes(wrong("rank", "max_value"), above_all={"rank": 10_001}, wide={"rank": 99_999_999_999}),
    *makes(wrong("parents", "not_a_list"), text={"parents": "admin"}, object={"parents": {"a": 1}}),
    *makes(
        wrong("parents", "does_not_exist"),
        other_case={"parents": ["Admin"]},
        look_alike={"parents": ["\u0430dmin"]},
        wildcard={"parents": ["*"]},
    ),
    *makes(wrong("parents", "cycle"), itself={"parents": ["ladder"]}),
    *makes(wrong("parents.0"), number={"parents": [1]}, nested={"parents": [["admin"]]}),
    *makes(wrong("parents.0", "null"), nothing={"parents": [None]}),
    *makes(wrong("parents", "null"), no_parents={"parents": None}),
    *makes(wrong("permissions", "null"), no_permissions={"permissions": None}),
    *makes(
        wrong("permissions", "does_not_exist"),
        all={"permissions": ["*"]},
        all_of_an_app={"permissions": ["tokens.*"]},
        any_app={"permissions": ["*.diagnose"]},
        without_an_app={"permissions": ["diagnose"]},
        half={"permissions": ["tokens."]},
        upper_case={"permissions": ["TOKENS.DIAGNOSE"]},
        spaces_inside={"permissions": ["tokens. diagnose"]},
        three_parts={"permissions": ["tokens.diagnose.x"]},
        pattern={"permissions": ["tokens.diagnos_"]},
        full_width={"permissions": ["tokens\uff0ediagnose"]},
    ),
    *makes(wrong("permissions", "not_a_list"), plain={"permissions": "tokens.diagnose"}),
    *makes(wrong("permissions.0", "null_characters_not_allowed"), nul={"permissions": ["a.b\0"]}),
    *makes(wrong("slug", "unique"), again={"slug": "admin"}, newline={"slug": "admin\n"}),
    *makes(
        wrong("slug"),
        capital={"slug": "Admin"},
        cyrillic={"slug": "\u0430dmin"},
        wide_letters={"slug": "\uff41dmin"},
        invisible={"slug": "ad\u200bmin"},
        turkish={"slug": "adm\u0131n"},
        path={"slug": "../admin"},
        encoded={"slug": "admin%0a"},
        inside={"slug": "ad\nmin"},
        dash={"slug": "-admin"},
    ),
    *makes(wrong("slug", "blank"), empty={"slug": " "}),
    *makes(wrong("slug", "max_length"), long={"slug": "a" * 51}),
    *(
        each
        for field in ("system", "id", "pk", "given", "members", "assignments", "children", "users")
        for each in makes(wrong(field, "unknown"), **{f"sets {field}": {field: ["admin"]}})
    ),
]

CHANGING = [
    *edits(
        "badge",
        DENIED,
        equal_rank={"rank": 60},
        higher_rank={"rank": "61"},
        permission={"permissions": ["tokens.diagnose"]},
        parent={"parents": ["auditor"]},
        grandparent={"parents": ["heir"]},
        admin={"parents": ["admin"]},
        their_own={"parents": ["manager"]},
        rank_by_a_parent={"parents": ["lofty"]},
    ),
    *edits(
        "manager",
        DENIED,
        rank={"rank": 61},
        permissions={"permissions": ["tokens.diagnose"]},
        parent={"parents": ["admin"]},
        lower={"rank": 1},
        description={"description": "Mine"},
    ),
    *edits("admin", DENIED, empty={"permissions": []}, rank={"rank": 1}, text={"description": "x"}),
    *edits("moderator", DENIED, empty={"permissions": []}, rank={"rank": 59}),
    *edits("twin", DENIED, rank={"rank": 1}),
    *edits("auditor", DENIED, rank={"rank": 1}, empty={"permissions": []}),
    *edits("heir", DENIED, orphan={"parents": []}, text={"description": "x"}),
    *edits("lofty", DENIED, orphan={"parents": []}),
    *edits("user", DENIED, what_everybody_has={"permissions": [], "rank": 0}),
    *edits("user", DENIED, permission={"permissions": ["tokens.diagnose"], "rank": 0}),
    *edits("user", wrong("rank"), ranking={"rank": 5}),
    *edits("user", wrong("parents"), heir={"parents": ["clerk"], "rank": 0}),
    *edits("clerk", DENIED, what_a_superior_holds={"permissions": [], "rank": 10}),
    *edits("stem", DENIED, what_a_superior_inherits={"permissions": [], "rank": 5}),
    *edits("badge", wrong("slug", "immutable"), renamed={"slug": "admin"}, other={"slug": "medal"}),
    *edits("low", wrong("parents", "cycle"), one={"parents": ["low"]}),
    *edits("low", wrong("parents", "cycle"), two={"parents": ["lower"]}),
    *edits("low", wrong("parents", "cycle"), three={"parents": ["lowest", "badge"]}),
    *edits("badge", wrong("system", "unknown"), system={"system": True}),
    *edits("badge", wrong("given", "unknown"), given={"given": []}),
    *edits("badge", wrong("assignments", "unknown"), members={"assignments": ["x"]}),
    *edits("nothing", NOT_FOUND, upsert={"rank": 1}),
    *edits("BADGE", NOT_FOUND, other_case={"rank": 1}),
]

DELETING = [
    *deletes(DENIED, "user", "moderator", "admin"),
    *deletes(DENIED, "manager", "twin", "director", "auditor", "heir", "grandheir", "lofty"),
    *deletes(DENIED, "clerk", "stem"),
    *deletes(NOT_FOUND, "nothing", "Badge", "badge%0a", "badge/", "../roles/badge"),
]

TERMS = [
    *grants(
        "victim",
        wrong("expires_at", "past"),
        over={"expires_at": "2001-01-01T00:00:00Z"},
        long_over={"expires_at": "0001-01-01T00:00:00Z"},
        before_it_starts={"starts_at": LATE, "expires_at": SOON},
        as_it_starts={"starts_at": SOON, "expires_at": SOON},
        over_elsewhere={"expires_at": "2026-01-01T00:00:00+14:00"},
    ),
    *grants(
        "victim",
        wrong("expires_at"),
        year_10000={"expires_at": "10000-01-01T00:00:00Z"},
        number={"expires_at": 4_922_899_200},
        word={"expires_at": "never"},
        infinity={"expires_at": "infinity"},
        flag={"expires_at": True},
        february={"expires_at": "2126-02-30T00:00:00Z"},
    ),
    *grants(
        "victim",
        wrong("expires_at", "overflow"),
        beyond_9999={"expires_at": "9999-12-31T23:59:59-12:00"},
        before_year_1={"expires_at": "0001-01-01T00:00:00+14:00"},
    ),
    *grants("victim", wrong("starts_at"), starts={"starts_at": "-infinity"}),
    *grants(
        "victim",
        wrong("role", "does_not_exist"),
        capital="Clerk",
        look_alike="\u0441lerk",
        wide="\uff43lerk",
        wildcard="*",
        path="../admin",
        encoded="clerk%00",
        key="1",
    ),
    *grants("victim", wrong("role"), everybodys="user", number={"role": 1}, flag={"role": True}),
    *grants("victim", wrong("role"), list={"role": ["clerk"]}, object={"role": {"slug": "clerk"}}),
    *grants("victim", wrong("role", "null"), nothing={"role": None}),
    *grants("victim", wrong("role", "null_characters_not_allowed"), nul="clerk\0"),
    *grants("victim", wrong("reason", "blank"), unsaid={"reason": ""}, spaces={"reason": " \n "}),
    *grants("victim", wrong("reason", "null"), null={"reason": None}),
    *(
        each
        for field in ("user", "user_id", "granted_by", "granted_at", "id", "is_superuser", "rank")
        for each in grants("victim", wrong(field, "unknown"), **{f"sets {field}": {field: "1"}})
    ),
]
