"""The fixtures of tokens, for races through the same doors."""

from tests.tokens.conftest import bearer, later, listen

__all__ = ["bearer", "later", "listen"]
