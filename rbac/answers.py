"""How roles, and who holds them, look from outside: the classes document it, the functions make
it."""

from collections.abc import Collection
from typing import Any

from django.db.models import Model
from django.utils import timezone
from rest_framework import serializers

from rbac.codes import codes_by_role
from rbac.effective import effective
from rbac.explain import Explanation
from rbac.models import Role, RoleAssignment
from rbac.registry import Danger, danger_of
from rbac.system import AS_MADE, computed_roles


class RoleAnswer(serializers.Serializer[Any]):
    """`permissions` are its own; it holds those of its parents too. `system`: never deleted."""

    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    rank = serializers.IntegerField()
    parents = serializers.ListField(child=serializers.CharField())
    permissions = serializers.ListField(child=serializers.CharField())
    mfa_required = serializers.BooleanField()
    system = serializers.BooleanField()


class PermissionAnswer(serializers.Serializer[Any]):
    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    model = serializers.CharField()
    danger = serializers.ChoiceField([each.value for each in Danger], allow_null=True)


class HeldAnswer(serializers.Serializer[Any]):
    """A role of a user. `source`: `assigned`, `inherited` from an assigned one, or `computed`
    (everybody is `user`, superusers are `admin`); only an assigned one has terms.
    `granted_by` and `reason` are told to those who may see assignments."""

    role = serializers.CharField()
    name = serializers.CharField()
    rank = serializers.IntegerField()
    source = serializers.ChoiceField(["assigned", "inherited", "computed"])  # type: ignore[assignment]
    in_force = serializers.BooleanField()
    starts_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    granted_at = serializers.DateTimeField(allow_null=True)
    granted_by = serializers.UUIDField(allow_null=True, required=False)
    reason = serializers.CharField(allow_null=True, required=False)


class GroundAnswer(serializers.Serializer[Any]):
    """Why it is, was or will be allowed. `path` leads from the role held to the one that has it."""

    via = serializers.ChoiceField(["superuser", "user", "group", "role", "backend"])
    in_force = serializers.BooleanField()
    group = serializers.CharField(allow_null=True)
    path = serializers.ListField(child=serializers.CharField())
    starts_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)


class ExplainAnswer(serializers.Serializer[Any]):
    user = serializers.UUIDField()
    permission = serializers.CharField()
    object = serializers.CharField(allow_null=True)
    allowed = serializers.BooleanField()
    active = serializers.BooleanField()
    detail = serializers.CharField()
    grounds = GroundAnswer(many=True)


def role_answers(roles: Collection[Role]) -> list[dict[str, Any]]:
    """Prefetch `parents` for several."""
    codes = codes_by_role(role.pk for role in roles)
    return [_role_answer(role, codes[role.pk]) for role in roles]


def _role_answer(role: Role, permissions: set[str]) -> dict[str, Any]:
    return {
        "slug": role.slug,
        "name": role.name,
        "description": role.description,
        "rank": role.rank,
        "parents": sorted(parent.slug for parent in role.parents.all()),
        "permissions": sorted(permissions),
        "mfa_required": role.mfa_required,
        "system": role.slug in AS_MADE,
    }


def permission_answer(permission: Any) -> dict[str, Any]:
    """A Permission that is annotated with its `code`."""
    return {
        "code": permission.code,
        "label": permission.name,
        "model": permission.content_type.model,
        "danger": danger_of(permission.code),
    }


def held_answer(assignment: RoleAssignment, *, whole: bool) -> dict[str, Any]:
    answer = {
        "role": assignment.role.slug,
        "name": assignment.role.name,
        "rank": assignment.role.rank,
        "source": "assigned",
        "in_force": assignment.is_in_force(timezone.now()),
        "starts_at": assignment.starts_at,
        "expires_at": assignment.expires_at,
        "granted_at": assignment.granted_at,
    }
    if whole:
        answer |= {"granted_by": assignment.granted_by_id, "reason": assignment.reason}
    return answer


def held_answers(user: Any, *, whole: bool) -> list[dict[str, Any]]:
    """Every role of a user, the highest rank first: those that they were given, also where these
    are not in force, and those that come with them."""
    assigned = list(RoleAssignment.objects.filter(user=user).select_related("role"))
    now = timezone.now()
    given = {row.role_id for row in assigned if row.is_in_force(now)}
    others = Role.objects.filter(slug__in=effective(user).roles).exclude(pk__in=given)
    answers = [held_answer(row, whole=whole) for row in assigned]
    answers += [_unassigned(role, user) for role in others]
    return sorted(answers, key=lambda answer: (-answer["rank"], answer["role"]))


def _unassigned(role: Role, user: Any) -> dict[str, Any]:
    computed = role.slug in computed_roles(user)
    return {
        "role": role.slug,
        "name": role.name,
        "rank": role.rank,
        "source": "computed" if computed else "inherited",
        "in_force": True,
        "starts_at": None,
        "expires_at": None,
        "granted_at": None,
    }


def named(row: Model) -> str:
    return f"{row._meta.label_lower}:{row.pk}"


def explain_answer(user: Any, explanation: Explanation) -> dict[str, Any]:
    return {
        "user": user.pk,
        "permission": explanation.permission,
        "object": explanation.about and named(explanation.about),
        "allowed": explanation.allowed,
        "active": explanation.active,
        "detail": str(explanation),
        "grounds": [
            {
                "via": ground.via,
                "in_force": ground.in_force,
                "group": ground.group,
                "path": list(ground.path),
                "starts_at": ground.starts_at,
                "expires_at": ground.expires_at,
            }
            for ground in explanation.grounds
        ],
    }
