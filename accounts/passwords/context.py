"""Words that somebody who aims at this very account would try: the person's, the product's."""

import re
from collections.abc import Iterable
from typing import Any

from accounts.conf import conf
from accounts.passwords.folding import SHORTEST, fold, normalize
from portcullis.conf import conf as portcullis_conf


def leans_on_context(password: str, user: Any, *, least: int) -> bool:
    """Whether what remains without those words is shorter than `least`.

    A long passphrase may contain a name; a name with a year behind it is no password.
    """
    text = normalize(password)
    rest = _without(text, words_about(user))
    return rest != text and len(rest) < least


def words_about(user: Any) -> set[str]:
    """Folded; an address gives its local part and its domain without the last label."""
    local, _, domain = str(getattr(user, "email", "") or "").rpartition("@")
    facts = (
        getattr(user, "name", "") or "",
        local,
        domain.rpartition(".")[0],
        portcullis_conf().PRODUCT_NAME,
        *conf().CONTEXT_WORDS,
    )
    return {fold(word) for fact in facts for word in _words(fact)}


def _words(fact: str) -> list[str]:
    found = re.findall(r"[^\W\d_]+", normalize(fact))
    return [word for word in found if len(word) >= SHORTEST]


def _without(text: str, words: Iterable[str]) -> str:
    """`text`, normalized, without the letters that spell one of `words` in any disguise."""
    folded, spelt = fold(text), set[int]()
    for word in words:
        for match in re.finditer(re.escape(word), folded):
            spelt.update(range(*match.span()))
    return "".join(char for place, char in enumerate(text) if place not in spelt)
