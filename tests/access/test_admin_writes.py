"""What is done in the admin, and everybody who may do it. An action without a row in TABLE fails.

Who may not is refused also where their page shows no button for it: the forms are sent as they
are.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from waffle.models import Switch

from accounts.admin import roles
from accounts.flows import groups
from accounts.flows.staff import privileges_of
from accounts.models import Invitation
from portcullis.switches import Door
from rbac.models import Role, RoleAssignment
from tests.access.people import PEOPLE, address, permission, rows_of, undone
from tests.access.site import furnish
from tests.admin.desk import Desk
from tests.portcullis.routes import row_counts
from tokens.keyring import ring
from tokens.models import KeyState, Session, SigningKey

# `other` has no role; `user` has a badge, which ranks higher than staff without any.
# S: after a recent proof only.
#                                             anon user other mod  mgr  staff admin super
TABLE = """
accounts.user add                              -    -    -    -    -    +    +    +
accounts.user change other                     -    -    -    -    -    +    +    +
accounts.user change user                      -    -    -    -    -    -    +    +
accounts.user make_staff other                 -    -    -    -    -    -    -    +   S
accounts.user deactivate other                 -    -    -    -    -    +    +    +   S
accounts.user deactivate user                  -    -    -    -    -    -    +    +   S
accounts.user reactivate other                 -    -    -    -    -    +    +    +   S
accounts.user end_sessions other               -    -    -    +    -    +    +    +   S
accounts.user end_sessions user                -    -    -    +    -    -    +    +   S
accounts.user send_reset_link other            -    -    -    -    -    +    +    +   S
accounts.user send_reset_link user             -    -    -    -    -    -    +    +   S
accounts.invitation add                        -    -    -    -    -    -    +    +   S
accounts.invitation withdraw invitation        -    -    -    -    -    -    +    +   S
accounts.user resend_verification other        -    -    -    -    -    +    +    +   S
accounts.user change_email other               -    -    -    -    -    +    +    +   S
accounts.user change_email user                -    -    -    -    -    -    +    +   S
accounts.user lock_down other                  -    -    -    -    -    +    +    +   S
accounts.user lock_down user                   -    -    -    -    -    -    +    +   S
tokens.session end_session other               -    -    -    +    -    +    +    +   S
tokens.session end_session user                -    -    -    +    -    -    +    +   S
tokens.signingkey rotate key                   -    -    -    -    -    -    +    +   S
tokens.signingkey replace_compromised key      -    -    -    -    -    -    +    +   S
rbac.role add                                  -    -    -    -    +    -    +    +   S
rbac.role change badge                         -    -    -    -    +    -    +    +   S
rbac.role permissions badge                    -    -    -    -    +    -    +    +   S
rbac.role delete_role badge                    -    -    -    -    +    -    +    +   S
rbac.roleassignment add                        -    -    -    -    +    -    +    +   S
rbac.roleassignment withdraw badge             -    -    -    -    +    -    +    +   S
auth.group add                                 -    -    -    -    -    -    -    +   S
auth.group change group                        -    -    -    -    -    -    -    +   S
auth.group delete_group group                  -    -    -    -    -    -    -    +   S
waffle.switch close open                       -    -    -    -    -    -    +    +   S
waffle.switch open_again closed                -    -    -    -    -    -    +    +   S
django_tasks_database.dbtaskresult try_again task  -    -    -    -    -    -    +    +
"""
ROWS = rows_of(TABLE)
WHY = {"reason": "A test"}


ADDED = {
    "accounts.user": {"email": address("new"), "name": "New"},
    "accounts.invitation": {"email": address("new"), "roles": ["badge"]},
    "rbac.role": {"slug": "helper", "name": "Helper", "rank": "5", **WHY},
    "rbac.roleassignment": WHY,
    "auth.group": {"name": "helpers", **WHY},
}
CHANGED = {
    "accounts.user": {"name": "Countess"},
    "rbac.role": {"name": "Medal", "rank": "5", **WHY},
    "auth.group": {"name": "helpers", **WHY},
}


@pytest.fixture
def desks(crowd, mailbox) -> Iterator[dict[str, Desk]]:
    furnish(crowd, mailbox)
    Switch.objects.filter(name=Door.SOCIAL).update(active=True)
    DBTaskResult.objects.update(status="FAILED")
    SigningKey.objects.update(created_at=timezone.now() - timedelta(days=30))
    yield {"anonymous": Desk()} | {name: Desk.of(user) for name, user in crowd.items()}
    ring.forget()


@pytest.fixture
def forms(crowd, desks) -> dict[str, tuple[str, dict[str, Any]]]:
    """By row, where its form goes and what is in it: valid for whoever may send it."""
    rows = {
        "badge": Role.objects.get(slug="badge"),
        "group": Group.objects.get(),
        "invitation": Invitation.objects.get(),
        "key": SigningKey.objects.get(state=KeyState.ACTIVE),
        "open": Switch.objects.get(name=Door.REGISTRATION),
        "closed": Switch.objects.get(name=Door.SOCIAL),
        "task": DBTaskResult.objects.get(),
        **crowd,
    }

    def form(name: str) -> tuple[str, dict[str, Any]]:
        model, did, *about = name.split()
        page = f"/admin/{model.replace('.', '/')}/"
        if did == "add":
            given = {"user": crowd["other"].pk, "role": rows["badge"].pk}
            return f"{page}add/", {**given, **ADDED[model]}
        row = subject(model, rows[about[0]])
        if did == "permissions":
            chosen = permission("rbac.view_role").pk
            return f"{page}{row.pk}/permissions/", {"own": [chosen], **WHY}
        if did == "change":
            return f"{page}{row.pk}/change/", {**CHANGED[model], **seen(model, row)}
        if did == "make_staff":
            privileged = {"name": "Ada", "is_staff": "on", "seen": privileges_of(row), **WHY}
            return f"{page}{row.pk}/change/", privileged
        typed = {"email": address("new"), **WHY}
        return page, {"action": did, "_selected_action": [row.pk], "confirmed": "1", **typed}

    return {name: form(name) for name in ROWS}


def subject(model: str, named: Any) -> Any:
    """The row that is acted upon: for sessions and assignments, of whom or what is named."""
    if model == "tokens.session":
        return Session.objects.get(user=named)
    if model == "rbac.roleassignment":
        return RoleAssignment.objects.get(role=named)
    return named


def seen(model: str, row: Any) -> dict[str, str]:
    digests = {"rbac.role": roles.seen_of, "auth.group": groups.seen_of}
    return {"seen": digests[model](row)} if model in digests else {}


def all_done(
    names: Iterable[str], forms: Any, desks: dict[str, Desk], crowd: dict[str, Any]
) -> dict[str, list[str]]:
    """By row, whether it was, by what the log of the admin says; nothing of it stays."""
    accounts = type(crowd["other"]).objects.filter(pk=crowd["other"].pk)
    before, found = row_counts(), {}

    def done(name: str, desk: Desk) -> str:
        with undone(desk.api):
            accounts.update(is_active="reactivate" not in name)
            if "resend_verification" in name:
                accounts.update(email_verified_at=None)
            desk.post(*forms[name])
            logged = LogEntry.objects.exists()
            assert logged or row_counts() == before
            if "make_staff" in name:  # a name alone is changed by more than may do this
                logged = accounts.get().is_staff
        return "+" if logged else "-"

    for name in names:
        found[name] = [done(name, desk) for desk in desks.values()]
        ring.forget()  # keys that were made meanwhile never were
    return found


def test_every_action_has_a_row(rf, crowd):
    request = rf.get("/")
    request.user = crowd["superuser"]
    actions = {
        f"{model._meta.label_lower} {name}"
        for model, model_admin in admin.site._registry.items()
        for name in model_admin.get_actions(request)
    }
    assert actions <= {" ".join(name.split()[:2]) for name in ROWS}


def test_everybody_does_what_the_table_says(forms, desks, crowd):
    allowed = {name: cells[: len(PEOPLE)] for name, cells in ROWS.items()}
    assert all_done(ROWS, forms, desks, crowd) == allowed


def test_what_needs_a_recent_proof_is_not_done_without_one(forms, desks, crowd, later):
    sensitive = [name for name, cells in ROWS.items() if cells[-1] == "S"]
    later(minutes=11)
    found = all_done(sensitive, forms, desks, crowd)
    assert found == dict.fromkeys(sensitive, ["-"] * len(PEOPLE))
