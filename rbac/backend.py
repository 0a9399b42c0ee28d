"""`user.has_perm` for Django and for everything that is built on it: roles, groups and the user's
own permissions by one statement."""

from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission
from django.db import router
from django.db.models import Q, QuerySet

from rbac.effective import effective
from rbac.graph import Graph
from rbac.models import Role, RoleAssignment
from rbac.system import SystemRole


class RoleBackend(ModelBackend):
    """Takes the place of Django's ModelBackend in AUTHENTICATION_BACKENDS.

    Roles hold for everything there is; asked about a single object, the answer is no, as Django's
    own. What is in force is kept on the user object, so load the user again to ask anew.
    """

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return set()
        return set(effective(user_obj).permissions)

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        if not user_obj.is_active or obj is not None:
            return False
        return perm in effective(user_obj).permissions

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        start = f"{app_label}."
        return user_obj.is_active and any(
            perm.startswith(start) for perm in effective(user_obj).permissions
        )

    async def aget_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return await sync_to_async(self.get_all_permissions)(user_obj, obj)

    async def ahas_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return await sync_to_async(self.has_perm)(user_obj, perm, obj)

    async def ahas_module_perms(self, user_obj: Any, app_label: str) -> bool:
        return await sync_to_async(self.has_module_perms)(user_obj, app_label)

    def with_perm(
        self,
        perm: str | Permission,
        is_active: bool | None = True,
        include_superusers: bool = True,
        obj: Any = None,
    ) -> Any:
        """Users who have it, by whatever way. Raises ValueError for what is no `app.codename`."""
        users: Any = super().with_perm(perm, is_active, include_superusers, obj)  # type: ignore[arg-type]
        if obj is not None:
            return users
        people = users.model._default_manager.using(router.db_for_write(Role))
        everybody = people.all() if is_active is None else people.filter(is_active=is_active)
        rows = _rows(perm)
        having = Role.objects.filter(permissions__in=rows).values_list("pk", flat=True)
        roles = Graph.load().heirs(having)
        slugs = set(Role.objects.filter(pk__in=roles).values_list("slug", flat=True))
        if SystemRole.USER in slugs:
            return everybody
        # Three sets, each made once: Django's EXISTS looks at all members of a group for each user.
        held = RoleAssignment.objects.in_force().filter(role__in=roles).values("user_id")
        grouped = people.filter(groups__permissions__in=rows).values("pk")
        own = people.filter(user_permissions__in=rows).values("pk")
        found = Q(pk__in=held) | Q(pk__in=grouped) | Q(pk__in=own)
        return everybody.filter(found | Q(is_superuser=True) if include_superusers else found)


def _rows(perm: str | Permission) -> QuerySet[Permission]:
    if isinstance(perm, Permission):
        return Permission.objects.filter(pk=perm.pk)
    app_label, _, codename = perm.partition(".")
    return Permission.objects.filter(codename=codename, content_type__app_label=app_label)
