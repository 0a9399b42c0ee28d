"""A user's roles, as tokens and answers name them."""

from typing import Any

from rbac.effective import effective


def role_claims(user: Any) -> dict[str, Any]:
    """`role` (the highest-ranked slug), `roles` and `permissions`. One statement a user object."""
    found = effective(user)
    return {
        "role": found.roles[0],
        "roles": list(found.roles),
        "permissions": sorted(found.permissions),
    }
