"""What can be done to roles and to who holds them, as verbs."""

from rbac.flows.assignments import grant, withdraw
from rbac.flows.roles import change_role, create_role, delete_role

__all__ = ["change_role", "create_role", "delete_role", "grant", "withdraw"]
