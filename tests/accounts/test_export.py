"""The export: everything that is stored about a user, nothing that admits, nobody else's."""

import json
import re

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts.emails import order_notice
from accounts.models import Invitation, OneTimeToken, PendingLogin, Purpose
from portcullis import secrets
from portcullis.client import Client
from rbac.models import Role, RoleAssignment
from tests.doors import Api, codes
from tests.tokens.carrying import access_token_of
from tokens.models import Session

pytestmark = pytest.mark.django_db
EXPORT = "/users/profile/export"

SECTIONS = {
    "accounts.invitation.invited_by": "invitations_sent",
    "accounts.onetimetoken.user": "links",
    "accounts.pendinglogin.user": "unfinished_logins",
    "accounts.user.groups": "groups",
    "accounts.user.user_permissions": "permissions",
    "admin.logentry.user": "done_as_staff",
    "rbac.roleassignment.granted_by": "roles_given",
    "rbac.roleassignment.user": "roles",
    "tokens.session.user": "sessions",
}
"""Where each relation to a user is told."""

LEFT_OUT = {
    "waffle.flag.users": "flags are not used, only switches are",
}

COLUMNS_LEFT_OUT = {
    get_user_model(): {"password"},  # a hash
    Session: {
        "user_id",  # theirs are all of them
        "epoch",  # which change of the password it has seen; says nothing about a person
        "generation",  # counters of its tokens
        "min_generation",
    },
    PendingLogin: {"id", "user_id", "epoch", "digest"},  # of the ticket
    OneTimeToken: {
        "user_id",
        "digest",  # of the link's secret
        "expires_at",  # moves when it is mailed, which it never is to an address that is taken
        "state",  # a digest of what it depends on
        "payload",  # a name and the hash of a password that wait to take effect
    },
    DBTaskResult: {
        "id",
        "args_kwargs",  # ids, and at times where somebody else was
        "priority",  # how the queue works
        "worker_ids",
        "queue_name",
        "backend_name",
        "run_after",
        "return_value",
        "exception_class_path",
        "traceback",  # of our code
    },
}
TOLD = {
    get_user_model(): "account",
    Session: "sessions",
    PendingLogin: "unfinished_logins",
    OneTimeToken: "links",
    DBTaskResult: "tasks",
}


@pytest.fixture
def bearer(user) -> Api:
    return Api().login(transport="bearer")


@pytest.fixture
def ada(user, make_user):
    """Somebody about whom there is a row of every kind, and who did something to somebody."""
    bob = make_user("bob@example.com", name="Bob")
    user.groups.add(Group.objects.create(name="readers"))
    user.user_permissions.add(Permission.objects.get(codename="view_user"))
    moderator = Role.objects.get(slug="moderator")
    RoleAssignment.objects.create(user=user, role=moderator, granted_by=bob, reason="Trusted.")
    RoleAssignment.objects.create(user=bob, role=moderator, granted_by=user, reason="Asked for.")
    PendingLogin.objects.create(
        digest=secrets.digest("ticket"), user=user, epoch=0, stage="x", expires_at=timezone.now()
    )
    link = OneTimeToken.objects.create(
        purpose=Purpose.INVITATION, recipient="new@example.com", expires_at=timezone.now()
    )
    Invitation.objects.create(link=link, invited_by=user).roles.add(moderator)
    for by, about in ((user, bob), (bob, user)):
        LogEntry.objects.create(
            user=by,
            content_type=ContentType.objects.get_for_model(about),
            object_id=str(about.pk),
            object_repr=str(about),
            action_flag=CHANGE,
            change_message="Changed name. A remark.",
        )
    Api().post("/auth/forgot-password", {"email": user.email})
    order_notice("password_changed", user=user, client=Client(ip="192.0.2.1"))
    return user


def plain(mail) -> str:
    return mail.get_body(("plain",)).get_content()


def relations() -> set[str]:
    user = get_user_model()
    found = set()
    for model in apps.get_models():
        for field in model._meta.get_fields():
            owned = model is user and field.many_to_many and not field.auto_created
            if owned or (field.related_model is user and not field.auto_created):
                found.add(f"{model._meta.label_lower}.{field.name}")
    return found


def test_every_relation_to_a_user_is_told_or_left_out_for_a_reason(ada):
    assert relations() == SECTIONS.keys() | LEFT_OUT.keys()
    told = Api().login(transport="bearer").get(EXPORT).json()
    assert [name for name, section in SECTIONS.items() if not told[section]] == []
    assert told["tasks"]
    assert [entry["about"] for entry in told["done_by_staff"]] == ["user"]


@pytest.mark.parametrize("model", TOLD)
def test_every_column_is_told_or_left_out_for_a_reason(ada, model):
    told = Api().login(transport="bearer").get(EXPORT).json()[TOLD[model]]
    row = told if isinstance(told, dict) else told[0]
    columns = {field.attname for field in model._meta.concrete_fields}
    assert row.keys() == columns - COLUMNS_LEFT_OUT[model]


def test_nothing_in_it_admits_anybody(ada, mailbox, everything_stored):
    reset, not_me = re.findall(r"\?token=([\w-]+)", "".join(map(plain, mailbox.read())))
    door = Api().login(transport="bearer")
    stored = list(OneTimeToken.objects.exclude(digest=None).values_list("digest", "state"))
    told = door.get(EXPORT).content.decode()
    ada.refresh_from_db()
    for secret in (
        ada.password,
        reset,
        not_me,
        secrets.digest("ticket"),
        access_token_of(door),
        door.refresh_token,
        *(value for row in stored for value in row),
    ):
        assert secret
        assert secret not in told


def test_nobody_elses_is_in_it(ada):
    bob = get_user_model().objects.get(email="bob@example.com")
    session = Api().login(bob.email, transport="bearer").sid
    told = Api().login(transport="bearer").get(EXPORT).content.decode()
    for foreign in (bob.email, "Bob", session):
        assert foreign not in told


def test_what_staff_said_is_told_to_whoever_may_see_it_of_anybody(ada):
    door = Api().login(transport="bearer")
    told = door.get(EXPORT).content.decode()
    assert "Trusted." not in told
    ada.user_permissions.add(Permission.objects.get(codename="view_roleassignment"))
    roles = door.get(EXPORT).json()["roles"]
    assert "Trusted." in {role.get("reason") for role in roles}


def test_it_is_a_file_for_whoever_has_just_proven_who_they_are(user, bearer, later):
    answer = bearer.get(EXPORT)
    assert answer["Content-Disposition"] == 'attachment; filename="account.json"'
    assert "no-store" in answer["Cache-Control"]
    later(minutes=11)
    bearer.take(bearer.refresh())
    assert codes(bearer.get(EXPORT)) == ["reauthentication_required"]


def orders(user) -> dict:
    """An exporter of another app."""
    return {"orders": [{"number": 1, "of": user.name}]}


def test_other_apps_add_to_it(user, bearer, accounts, settings):
    accounts(EXPORTERS=("accounts.exporters.account", f"{__name__}.orders"))
    told = bearer.get(EXPORT).json()
    assert list(told) == ["account", "orders"]
    assert told["orders"] == [{"number": 1, "of": "Ada"}]
    assert json.dumps(told)


def test_it_does_not_tell_an_inviter_which_addresses_are_taken(make_user, mailbox):
    """Nor does the export of who asked to move to one."""
    root = make_user("root@example.com", is_superuser=True)
    make_user("taken@example.com")
    api = Api().login(root.email, transport="bearer")
    told = []
    for address in ("taken@example.com", "free@example.com"):
        assert api.post("/invitations", {"email": address}).status_code == 202
        assert api.post("/auth/change-email", {"email": address}).status_code == 202
        mailbox.read()
        stored = json.dumps(api.get(EXPORT).json()).replace(address, "ADDRESS")
        told.append(json.loads(stored))
    taken, free = ([row["recipient"] for row in each["invitations_sent"]] for each in told)
    assert (taken, sorted(free)) == (["ADDRESS"], ["ADDRESS", "taken@example.com"])
    taken, free = (each["links"][0].keys() for each in told)
    assert taken == free
