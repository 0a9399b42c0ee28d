"""A user's roles, as tokens and answers name them."""

from typing import Any

DEFAULT_ROLE = "user"
"""Everybody's, assigned to nobody: it is computed."""


def role_claims(user: Any) -> dict[str, Any]:
    """`role` (the highest-ranked slug), `roles` and `permissions`. No statement."""
    return {"role": DEFAULT_ROLE, "roles": [DEFAULT_ROLE], "permissions": []}
