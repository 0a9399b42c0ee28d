"""Accounts for a site, in its environment: `python -m benchmarks.people COUNT KIND ...`."""

import sys
from datetime import UTC, datetime
from typing import Any

PASSWORD = "Analytical-Engine-1843"
NOW = datetime.now(UTC)
KINDS: dict[str, dict[str, Any]] = {
    "verified": {"email_verified_at": NOW},
    "bcrypt_sha256": {"email_verified_at": NOW},
    "pbkdf2_sha256": {"email_verified_at": NOW},
    "unusable": {"email_verified_at": NOW},
    "inactive": {"email_verified_at": NOW, "is_active": False},
    "closed": {"email_verified_at": NOW, "closed_at": NOW},
    "unverified": {},
    "waiting": {"is_pending": True},
}
OLDER_HASHES = ("bcrypt_sha256", "pbkdf2_sha256")


def address(kind: str, number: int) -> str:
    return f"{kind}-{number}@example.com"


def main(count: int, *kinds: str) -> None:
    import django

    django.setup()
    from django.contrib.auth import get_user_model
    from django.contrib.auth.hashers import make_password

    model = get_user_model()
    for kind in kinds:
        password = None if kind == "unusable" else PASSWORD
        hasher = kind if kind in OLDER_HASHES else "default"
        encoded = make_password(password, hasher=hasher)
        model.objects.bulk_create(
            model(email=address(kind, number), name="Ada", password=encoded, **KINDS[kind])
            for number in range(count)
        )


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
