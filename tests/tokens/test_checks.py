"""What `manage.py check` says where sessions would not be what they seem."""

import pytest
from django.core.checks import run_checks

from tokens.middleware import SessionAuthenticationMiddleware

OURS = "tokens.middleware.SessionAuthenticationMiddleware"
DJANGOS = "django.contrib.auth.middleware.AuthenticationMiddleware"


class Extended(SessionAuthenticationMiddleware):
    pass


def found() -> set[str]:
    return {message.id for message in run_checks()}


@pytest.mark.parametrize("instead", [[], [DJANGOS], [OURS, DJANGOS]], ids=len)
def test_the_row_decides_on_pages(settings, instead):
    place = settings.MIDDLEWARE.index(OURS)
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE[:place], *instead, *settings.MIDDLEWARE[place + 1 :]
    ]  # fmt: skip
    assert "tokens.E004" in found()


def test_a_middleware_of_theirs_on_top_of_ours_will_do(settings):
    place = settings.MIDDLEWARE.index(OURS)
    settings.MIDDLEWARE = [*settings.MIDDLEWARE]
    settings.MIDDLEWARE[place] = f"{__name__}.Extended"
    assert found() == set()


def test_the_ground_floor_is_installed(settings):
    settings.INSTALLED_APPS = [name for name in settings.INSTALLED_APPS if name != "portcullis"]
    assert "tokens.E005" in found()


def test_claims_that_cannot_be_imported(settings):
    settings.TOKENS = {**settings.TOKENS, "CLAIMS": ("accounts.claims.email_clam",)}
    assert found() == {"tokens.E006"}


def test_pages_remember_people_as_long_as_their_session_may_live(settings):
    settings.SESSION_COOKIE_AGE = 14 * 24 * 3600
    assert found() == {"tokens.W001"}


def test_the_refresh_cookie_goes_where_somebody_takes_it(settings):
    settings.TOKENS = {**settings.TOKENS, "REFRESH_PATH": "/v1/auth/refresh"}
    assert found() == {"tokens.W002"}


def test_views_of_theirs_open_no_other_door(settings):
    settings.REST_FRAMEWORK = {}
    assert found() == {"tokens.W003"}
