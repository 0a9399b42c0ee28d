"""Run in a process with a live server's settings: makes a user, and signs with the server's key
what the server itself would not. Prints the tokens as JSON."""

import json
import time
import uuid

import django

from tests.doors import PASSWORD

EMAIL = "ada@example.com"
ELSEWHERE = "https://elsewhere.example"
MINUTE = 60

NOW = int(time.time())
SIGNED = {
    "expired": {"iat": NOW - 16 * MINUTE, "exp": NOW - MINUTE},
    "of another audience": {"aud": ELSEWHERE},
    "of another issuer": {"iss": ELSEWHERE},
    "of another type": {"type": "refresh"},
    "from the future": {"iat": NOW + MINUTE},
    "without end": {"exp": None},
    "of nobody": {"sub": None},
}


def main() -> None:
    django.setup()
    from django.contrib.auth import get_user_model
    from django.utils import timezone

    from tokens.jwt import Kind, encode

    user = get_user_model().objects.create_user(
        EMAIL, PASSWORD, name="Ada", email_verified_at=timezone.now()
    )
    good = {"sub": str(user.pk), "sid": str(uuid.uuid4()), "gen": 0, "iat": NOW, "exp": NOW + 900}
    print(json.dumps({flaw: encode(Kind.ACCESS, good | says) for flaw, says in SIGNED.items()}))


if __name__ == "__main__":
    main()
