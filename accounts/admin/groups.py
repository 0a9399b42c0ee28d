"""Django's groups in the admin: for superusers, after a proof."""

from typing import Any

from django.contrib.auth.admin import GroupAdmin as DjangosGroupAdmin
from django.http import HttpRequest

from accounts.admin.step_up import SensitiveAdmin


class GroupAdmin(SensitiveAdmin, DjangosGroupAdmin):
    """A group is a bundle of permissions: changing one gives them to whoever is in it."""

    sensitive_actions = ("delete_selected",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def may_change(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser
