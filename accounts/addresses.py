"""E-mail addresses: how they are stored and when two are the same."""

import unicodedata

MAX_LENGTH = 254  # RFC 5321, 4.5.3.1.3


def normalize(address: str) -> str:
    """As typed, with the domain in lower case: how an address is stored and mailed."""
    local, at, domain = address.strip().rpartition("@")
    return local + at + domain.lower()


def fold(address: str) -> str:
    """The form that addresses are compared in: NFKC without case.

    Look-alikes fold together (the Kelvin sign is a k), so nobody registers beside somebody else.
    Mail always goes to the address that is stored, never to one that merely folds like it.
    """
    folded = unicodedata.normalize("NFKC", address.strip()).casefold()
    return unicodedata.normalize("NFKC", folded)


def same_mailbox(one: str, other: str) -> bool:
    """Whether two addresses differ in the case of ASCII letters at most, which no mail server in
    use tells apart. Addresses that merely fold alike may be two people's."""
    if one.isascii() and other.isascii():
        return one.lower() == other.lower()
    return normalize(one) == normalize(other)
