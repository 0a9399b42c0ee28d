"""Roles as a Django app: permissions and system roles are made after migrate."""

from datetime import timedelta

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from portcullis.registry import Danger, Declared, Expiring, declare, expires

ADMIN = ("admin",)
LAPSED_FOR = timedelta(days=90)
"""For so long `explain` still tells of a role that has expired."""


class RbacConfig(AppConfig):
    name = "rbac"
    verbose_name = "Roles"

    def ready(self) -> None:
        from rbac import checks  # noqa: F401  (they register themselves)
        from rbac.models import RoleAssignment
        from rbac.registry import make_declared

        expires(Expiring(RoleAssignment, "expires_at", after=LAPSED_FOR))
        declare(
            Declared("rbac.view_role", "See roles, and why somebody may do something", roles=ADMIN),
            Declared("rbac.add_role", "Make roles below their own", Danger.HIGH, ADMIN),
            Declared("rbac.change_role", "Change roles below their own", Danger.HIGH, ADMIN),
            Declared("rbac.delete_role", "Delete roles below their own", Danger.HIGH, ADMIN),
            Declared("rbac.view_roleassignment", "See who holds which role", roles=ADMIN),
            Declared("rbac.assign_role", "Give and take roles below their own", Danger.HIGH, ADMIN),
        )
        post_migrate.connect(make_declared)
