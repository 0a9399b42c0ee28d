"""What accounts adds to access tokens."""

from typing import Any


def email_claim(user: Any) -> dict[str, Any]:
    return {"email": user.email}
