"""Accounts, roles, sessions and links for staff. Whatever changes something is a flow.

A project with its own user model registers it with `UserAdmin` from here.
"""

from importlib import import_module
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django_tasks_db.models import DBTaskResult
from waffle import get_waffle_switch_model

from accounts.admin.assignments import RoleAssignmentAdmin
from accounts.admin.groups import GroupAdmin
from accounts.admin.invitations import InvitationAdmin
from accounts.admin.keys import SigningKeyAdmin
from accounts.admin.links import OneTimeTokenAdmin
from accounts.admin.mail_queue import MailQueueAdmin
from accounts.admin.roles import RoleAdmin
from accounts.admin.sessions import StaffSessionAdmin
from accounts.admin.switches import SwitchAdmin
from accounts.admin.users import UserAdmin
from accounts.models import Invitation, OneTimeToken, User
from rbac.models import Role, RoleAssignment
from tokens.models import Session, SigningKey

__all__ = ["UserAdmin"]


def replace(app: str, model: Any, model_admin: type[admin.ModelAdmin[Any]]) -> None:
    """Take the place of what its own app registers, wherever that stands in INSTALLED_APPS."""
    import_module(f"{app}.admin")
    if admin.site.is_registered(model):
        admin.site.unregister(model)
    admin.site.register(model, model_admin)


admin.site.register(User, UserAdmin)
admin.site.register(Role, RoleAdmin)
admin.site.register(RoleAssignment, RoleAssignmentAdmin)
admin.site.register(Session, StaffSessionAdmin)
admin.site.register(SigningKey, SigningKeyAdmin)
admin.site.register(OneTimeToken, OneTimeTokenAdmin)
admin.site.register(Invitation, InvitationAdmin)
replace("django.contrib.auth", Group, GroupAdmin)
replace("django_tasks_db", DBTaskResult, MailQueueAdmin)
if apps.is_installed("waffle"):
    replace("waffle", get_waffle_switch_model(), SwitchAdmin)
