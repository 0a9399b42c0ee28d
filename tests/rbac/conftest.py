"""What the tests of roles share: accounts that nobody logs in to, signals, a service elsewhere."""

from collections.abc import Callable
from typing import Any

import pytest

from portcullis.errors import AuthError
from tests.rbac.making import CHANGE, OF_A_MANAGER, VIEW, all_stored, make_role, someone_maker
from tests.tokens.conftest import bearer, listen, own_ring
from tests.tokens.test_stateless import es256, jwks

__all__ = ["bearer", "es256", "jwks", "listen", "own_ring"]


@pytest.fixture
def someone(make_user) -> Callable[..., Any]:
    return someone_maker(make_user)


@pytest.fixture
def manager(someone) -> Any:
    """Rank 80: may make, change and delete roles, give and take them, and see accounts."""
    make_role("manager", *OF_A_MANAGER, rank=80)
    return someone("manager")


@pytest.fixture
def root(someone) -> Any:
    return someone(is_superuser=True, is_staff=True)


@pytest.fixture
def refused() -> Callable[..., None]:
    """`refused(error, action)`: it is, with exactly that error, and nothing has changed."""

    def check(error: type[AuthError], action: Callable[[], Any]) -> None:
        before = all_stored()
        with pytest.raises(error) as raised:
            action()
        assert raised.type is error
        assert all_stored() == before

    return check


@pytest.fixture
def ladder(manager) -> Any:
    """Roles below, beside and above the manager."""
    make_role("low", VIEW, rank=10)
    make_role("peer", rank=80)
    make_role("strong", CHANGE, rank=3)
    make_role("child-of-strong", parents=("strong",), rank=4)
    make_role("child-of-peer", parents=("peer",), rank=5)
    return manager
