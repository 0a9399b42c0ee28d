"""A token as people paste it."""

import dataclasses
import re

WRAPPINGS = {
    "Authorization:": re.compile(r"(authorization:)(.*)", re.IGNORECASE | re.DOTALL),
    "Bearer": re.compile(r"(bearer\s)(.*)", re.IGNORECASE | re.DOTALL),
    "quotes": re.compile(r"(['\"`])(.*)\1", re.DOTALL),
}
WRAPPED_AT_MOST = 4
LONGEST = 16 * 1024
"""Characters: four times of what the server reads."""


@dataclasses.dataclass(frozen=True, slots=True)
class Pasted:
    token: str
    removed: list[str]
    """What stood around it, which a client must not send inside the token."""


def read_pasted(text: str) -> Pasted:
    token = text.strip()
    removed = [] if token == text.rstrip("\r\n") else ["spaces"]  # any line has an end
    for _ in range(WRAPPED_AT_MOST):
        for name, pattern in WRAPPINGS.items():
            if found := pattern.fullmatch(token):
                token = found[2].strip()
                removed.append(name)
    return Pasted(token, removed)
