"""What an attacker's rules make of a word: case, look-alikes, digits and signs around it."""

import string
import unicodedata
from collections.abc import Iterator

SHORTEST = 3
"""Letters that make a word: of fewer, nothing is recognised."""
MOST_AROUND = 11
"""A word among more digits and signs than these is not what makes the password guessable."""

AROUND = string.digits + string.punctuation + " "
LOOK_ALIKES = str.maketrans("04@5$378+1!|l", "oaassetbtiiii")
"""1 is read as l and as i: both become one letter."""
UNSHIFTED = str.maketrans("!@#$%^&*()", "1234567890")


def normalize(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def fold(text: str) -> str:
    """`text`, normalized before, letter by letter without disguise."""
    return text.translate(LOOK_ALIKES)


def unshift(text: str) -> str:
    """The keys of the upper row, whether or not Shift was held."""
    return text.translate(UNSHIFTED)


def once(text: str) -> str:
    """What is written twice, or else `text`."""
    half = text[: len(text) // 2]
    return half if half * 2 == text else text


def bare(text: str) -> str:
    """`text` without the digits and signs at its ends."""
    return text.strip(AROUND)


def is_word(text: str) -> bool:
    return sum(map(str.isalpha, text)) >= SHORTEST


def cores(text: str) -> Iterator[str]:
    """`text` with all, some or none of the digits and signs at its ends taken off: each of them may
    be a look-alike that belongs to the word."""
    front = len(text) - len(text.lstrip(AROUND))
    back = len(text) - len(text.rstrip(AROUND))
    for before in range(min(front, MOST_AROUND) + 1):
        for after in range(min(back, MOST_AROUND - before) + 1):
            yield text[before : len(text) - after]
