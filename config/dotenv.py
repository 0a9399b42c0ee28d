"""Writes a `.env` with fresh secrets for development; one that exists is left alone."""

import base64
import os
import secrets
from pathlib import Path

DOTENV = Path(__file__).resolve().parent.parent / ".env"

TEMPLATE = """\
# Written by `make run` for this machine alone. .env.example explains every variable.
DEBUG=true
SECRET_KEY={secret_key}
FIELD_ENCRYPTION_KEYS={encryption_key}
"""


def write(path: Path) -> bool:
    """Create the file, readable by its owner alone; False if there is one already."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with open(descriptor, "w", encoding="ascii") as file:
        file.write(
            TEMPLATE.format(
                # Neither alphabet has the `$` that django-environ takes for a reference.
                secret_key=secrets.token_urlsafe(64),
                encryption_key=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            )
        )
    return True


if __name__ == "__main__":
    print("Wrote .env with fresh secrets" if write(DOTENV) else ".env exists, left as it is")
