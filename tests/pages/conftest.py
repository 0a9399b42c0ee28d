"""A browser in which somebody has logged in."""

import pytest

from tests.doors import Pages


@pytest.fixture
def ada(user, pages: Pages) -> Pages:
    """A browser in which `user` has logged in by page."""
    response = pages.log_in()
    assert response.status_code == 302, response.content
    return pages
