"""What `manage.py check` says to a project that forgot a step."""

from pathlib import Path

import pytest
from django.apps import apps
from django.conf import global_settings
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import get_commands

from portcullis import namesakes

REQUEST = "portcullis.middleware.RequestMiddleware"
KEY = "dGhlLXRlc3Qtc3VpdGUtb25seS0zMi1ieXRlcy1rZXk="


def found(**options) -> set[str]:
    return {message.id for message in run_checks(**options)}


def test_this_project_forgot_nothing():
    assert found() == set()


@pytest.mark.parametrize("keys", [(), ("x" * 44,), KEY], ids=["none", "no key", "not in a tuple"])
def test_a_key_that_cannot_seal(settings, keys):
    settings.PORTCULLIS = {**settings.PORTCULLIS, "ENCRYPTION_KEYS": keys}
    assert found() == {"portcullis.E002"}


@pytest.mark.parametrize(
    "url", ["https://example.com/", "https://example.com/app", "example.com", "//example.com", ""]
)
def test_a_base_url_that_is_no_origin(settings, url):
    settings.PORTCULLIS = {**settings.PORTCULLIS, "BASE_URL": url}
    assert "portcullis.E003" in found()


@pytest.mark.django_db
def test_plain_http_matters_where_it_is_deployed(settings):
    settings.PORTCULLIS = {**settings.PORTCULLIS, "BASE_URL": "http://localhost:8000"}
    assert found() == set()
    assert "portcullis.E004" in found(include_deployment_checks=True)


def test_the_request_middleware_is_there_and_first(settings):
    others = [name for name in settings.MIDDLEWARE if name != REQUEST]
    settings.MIDDLEWARE = others
    assert found() == {"portcullis.E005"}
    settings.MIDDLEWARE = [*others, REQUEST]
    assert found() == {"portcullis.W002"}


def test_mail_needs_the_database_s_queue(settings):
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}
    assert found() == {"portcullis.W003"}


@pytest.fixture
def fresh_commands():
    """Django looks for commands once in a process."""
    get_commands.cache_clear()
    yield
    get_commands.cache_clear()


@pytest.mark.usefixtures("fresh_commands")
def test_the_worker_is_ours(settings):
    others = [name for name in settings.INSTALLED_APPS if name != "django_tasks_db"]
    settings.INSTALLED_APPS = ["django_tasks_db", *others]
    assert found() == {"portcullis.W004"}


def test_a_forgotten_task_queue_says_so(settings):
    left = [name for name in settings.INSTALLED_APPS if name != "django_tasks_db"]
    config = apps.get_app_config("portcullis")
    settings.INSTALLED_APPS = left
    with pytest.raises(ImproperlyConfigured, match="lacks django_tasks_db"):
        type(config)("portcullis", config.module)


class Wheel:
    def __init__(self, place: Path) -> None:
        self.locate_file = place.joinpath


@pytest.mark.parametrize(
    "owners",
    [
        {"mfa": ["elsewhere"]},
        {name: ["a-fork-of-ours"] for name in namesakes.OURS},
    ],
)
def test_a_fork_of_ours_and_a_wheel_in_another_folder_overwrite_nothing(monkeypatch, owners):
    places = {"elsewhere": Path("/elsewhere"), "a-fork-of-ours": namesakes.HOME}
    monkeypatch.setattr("portcullis.checks.packages_distributions", lambda: owners)
    monkeypatch.setattr("portcullis.checks.distribution", lambda name: Wheel(places[name]))
    assert found() == set()


def test_two_wheels_that_bring_one_package(monkeypatch):
    owners = {"mfa": ["django-portcullis", "other-mfa"], "tokens": ["django-portcullis"]}
    places = {"other-mfa": namesakes.HOME, "django-portcullis": namesakes.HOME}
    monkeypatch.setattr("portcullis.checks.packages_distributions", lambda: owners)
    monkeypatch.setattr("portcullis.checks.distribution", lambda name: Wheel(places[name]))
    [error] = [message for message in run_checks() if message.id == "portcullis.E006"]
    assert "other-mfa installs a top-level mfa too" in error.msg


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", ["DEFAULT_EXCEPTION_REPORTER", "DEFAULT_EXCEPTION_REPORTER_FILTER"]
)
def test_error_reports_without_our_filter_matter_where_it_is_deployed(settings, name):
    setattr(settings, name, getattr(global_settings, name))
    assert found() == set()
    assert "portcullis.W005" in found(include_deployment_checks=True)
