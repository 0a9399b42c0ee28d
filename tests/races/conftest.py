"""The fixtures of tokens, for races through the same doors."""

from tests.tokens.conftest import bearer, listen, own_ring

__all__ = ["bearer", "listen", "own_ring"]
