"""What is stored about a user, section by section: the exporters that `EXPORTERS` begins with.

Columns are named one by one, so that none is told unawares: no password's hash, no digest, nothing
that admits. `tests/accounts/test_export.py` says of each column that is not here why.
"""

from typing import Any

from django.db.models import F, QuerySet

from accounts import traces
from accounts.models import Invitation, OneTimeToken, PendingLogin
from rbac.answers import held_answers
from rbac.codes import codes_of
from rbac.models import RoleAssignment
from tokens.models import Session

MOST = 10_000
"""Rows of a kind: an answer of one request, whatever has piled up."""

KEPT_BACK = frozenset({"password"})

SESSION = [
    "id",
    "created_at",
    "last_used_at",
    "expires_at",
    "absolute_expires_at",
    "ip",
    "user_agent",
    "transport",
    "remember_me",
    "auth_methods",
    "proved_at",
    "second_factor_at",
    "restriction",
    "rotated_at",
    "revoked_at",
    "revoke_reason",
]
LOGIN = [
    "created_at",
    "expires_at",
    "spent_at",
    "stage",
    "auth_methods",
    "attempts",
    "transport",
    "remember_me",
    "restriction",
]
LINK = [
    "id",
    "purpose",
    "recipient",
    "reserves",
    "created_at",
    "spent_at",
    "killed_at",
]
"""Not when it expires: that moves when it is mailed, which it never is to a taken address."""
TASK = (
    "task_path",
    "status",
    "enqueued_at",
    "started_at",
    "finished_at",
)
ENTRY = ("action_time", "action_flag")

Sections = dict[str, Any]


def account(user: Any) -> Sections:
    """Every column of the user's row, those of a project's own user model too."""
    columns = (field.attname for field in user._meta.concrete_fields)
    return {"account": {name: getattr(user, name) for name in columns if name not in KEPT_BACK}}


def logins(user: Any) -> Sections:
    return {
        "sessions": _rows(Session.objects.filter(user=user).order_by("-created_at"), *SESSION),
        "unfinished_logins": _rows(
            PendingLogin.objects.filter(user=user).order_by("-created_at"), *LOGIN
        ),
    }


def roles(user: Any) -> Sections:
    """Who gave a role, and why, is told to those who may see that of anybody."""
    given = RoleAssignment.objects.filter(granted_by=user).order_by("-granted_at")
    return {
        "roles": held_answers(user, whole=user.has_perm("rbac.view_roleassignment")),
        "roles_given": _rows(
            given,
            "user_id",
            "reason",
            "granted_at",
            "starts_at",
            "expires_at",
            slug=F("role__slug"),
        ),
        "groups": list(user.groups.order_by("name").values_list("name", flat=True)),
        "permissions": sorted(codes_of(user.user_permissions.all())),
    }


def mail(user: Any) -> Sections:
    """Links that were mailed, invitations that the user had mailed, and what waits in the queue."""
    links = OneTimeToken.objects.filter(user=user).order_by("-created_at")
    sent = Invitation.objects.filter(invited_by=user).order_by("-link__created_at")
    return {
        "links": _rows(links, *LINK),
        "invitations_sent": [
            {
                "recipient": invitation.link.recipient,
                "created_at": invitation.link.created_at,
                "roles": sorted(role.slug for role in invitation.roles.all()),
            }
            for invitation in sent.select_related("link").prefetch_related("roles")[:MOST]
        ],
        "tasks": _rows(traces.tasks(user).order_by("-enqueued_at"), *TASK),
    }


def staff_log(user: Any) -> Sections:
    """What staff did to the account, and what its user did as staff: to whom is theirs to know."""
    entries = traces.staff_log()
    if entries is None:
        return {}
    kind = F("content_type__model")
    return {
        "done_by_staff": _rows(entries.filter(traces.is_about(user)), *ENTRY, about=kind),
        "done_as_staff": _rows(
            entries.filter(user=user), *ENTRY, "object_id", "change_message", about=kind
        ),
    }


def _rows(rows: QuerySet[Any], *columns: str, **named: F) -> list[dict[str, Any]]:
    return list(rows.values(*columns, **named)[:MOST])
