"""What can be done to roles and to who holds them, as verbs."""

from rbac.flows.assignments import check_may_grant, grant, withdraw
from rbac.flows.roles import change_role, create_role, delete_role

__all__ = [
    "change_role",
    "check_may_grant",
    "create_role",
    "delete_role",
    "grant",
    "withdraw",
]
