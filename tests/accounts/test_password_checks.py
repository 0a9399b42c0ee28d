"""What `manage.py check` says about settings of passwords that would hurt."""

import pytest
from django.core.checks import run_checks

DJANGOS = "django.contrib.auth.hashers."
SIMILARITY = "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"


def found() -> set[str]:
    return {message.id for message in run_checks()}


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"HASHING_SLOTS": 0}, {"accounts.E004"}),
        ({"HASHING_QUEUE": -1}, {"accounts.E004"}),
        ({"HASHING_PATIENCE": -1}, {"accounts.E004"}),
        ({"HASHING_SLOTS": 33}, {"accounts.W004"}),
        ({"BREACH_SERVICE": "http://breaches.example/range/"}, {"accounts.E005"}),
        ({"BREACH_SERVICE": "http://127.0.0.1:8080/range/"}, set()),
    ],
    ids=str,
)
def test_a_setting_that_would_hurt(accounts, wrong, expected):
    accounts(**wrong)
    assert found() == expected


def test_a_hasher_that_is_not_held_back(settings):
    settings.PASSWORD_HASHERS = [*settings.PASSWORD_HASHERS, f"{DJANGOS}ScryptPasswordHasher"]
    assert found() == {"accounts.W005"}


def test_a_policy_that_lost_a_part(settings):
    settings.AUTH_PASSWORD_VALIDATORS = [
        *settings.AUTH_PASSWORD_VALIDATORS[:2],
        {"NAME": SIMILARITY},
        settings.AUTH_PASSWORD_VALIDATORS[3],
    ]
    assert found() == {"accounts.W006"}
