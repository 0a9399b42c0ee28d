"""The shipped list of common passwords, Django's and zxcvbn's together, and disguises of them."""

from functools import cache

from django.contrib.auth.password_validation import CommonPasswordValidator
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from accounts.passwords.folding import (
    MOST_AROUND,
    SHORTEST,
    bare,
    cores,
    fold,
    is_word,
    normalize,
    once,
    unshift,
)


def is_common(password: str) -> bool:
    """Whether `password` is a commonly used one, as it is or thinly disguised.

    Asks this process's memory only: cheap enough for every login.
    """
    text = once(normalize(password))
    words, _, longest = _lists()
    if len(text) > 2 * longest + MOST_AROUND:
        return False
    if not words.isdisjoint((text, unshift(text))):
        return True
    return any(_is_listed(core) for core in cores(text))


def _is_listed(core: str) -> bool:
    words, folded, _ = _lists()
    if is_word(core) and once(fold(core)) in folded:
        return True
    return len(core) > SHORTEST and core in words


@cache
def _lists() -> tuple[frozenset[str], frozenset[str], int]:
    """The words, the words without disguise, and the length of the longest: read at first use."""
    listed = (*CommonPasswordValidator().passwords, *FREQUENCY_LISTS["passwords"])
    words = frozenset(map(normalize, listed))
    folded = frozenset(fold(word) for word in map(bare, words) if is_word(word))
    return words, folded, max(map(len, words))
