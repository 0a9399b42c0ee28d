"""Accounts, roles, sessions and links for staff. Whatever changes something is a flow.

A project with its own user model registers it with `UserAdmin` from here.
"""

from django.contrib import admin
from django.contrib.auth.models import Group

from accounts.admin.assignments import RoleAssignmentAdmin
from accounts.admin.groups import GroupAdmin
from accounts.admin.keys import SigningKeyAdmin
from accounts.admin.links import OneTimeTokenAdmin
from accounts.admin.roles import RoleAdmin
from accounts.admin.sessions import StaffSessionAdmin
from accounts.admin.users import UserAdmin
from accounts.models import OneTimeToken, User
from rbac.models import Role, RoleAssignment
from tokens.models import Session, SigningKey

__all__ = ["UserAdmin"]

admin.site.register(User, UserAdmin)
admin.site.register(Role, RoleAdmin)
admin.site.register(RoleAssignment, RoleAssignmentAdmin)
admin.site.register(Session, StaffSessionAdmin)
admin.site.register(SigningKey, SigningKeyAdmin)
admin.site.register(OneTimeToken, OneTimeTokenAdmin)
if admin.site.is_registered(Group):
    admin.site.unregister(Group)
admin.site.register(Group, GroupAdmin)
