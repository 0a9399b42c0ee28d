"""Switches by which operators close doors without a deploy: rows of django-waffle.

They only close. Without waffle in INSTALLED_APPS, without a row, or where the cache or the table
cannot be read, a door is as the settings have it.
"""

import logging
from typing import Any

from django.apps import apps as installed
from django.db import models, router, transaction
from django.utils import timezone
from waffle import get_waffle_switch_model

logger = logging.getLogger("portcullis.switches")


class Door(models.TextChoices):
    """The name of its switch, and what people call the door."""

    REGISTRATION = "registration_off", "Registration"
    PASSWORDLESS = "passwordless_off", "Login by passkey alone"
    SOCIAL = "social_off", "Login by other providers"
    BEARER = "bearer_off", "Tokens in answers (transport bearer)"


_unreadable: set[Door] = set()


def is_off(door: Door) -> bool:
    """Whether an operator has closed it. Never raises: a switch that cannot be read is reported
    once, until it can be read again.

    By waffle's cache: no statement while that knows the switch.
    """
    if not installed.is_installed("waffle"):
        return False
    try:
        off = bool(get_waffle_switch_model().get(door.value).active)
    except Exception as error:  # noqa: BLE001  (each cache has errors of its own)
        if door not in _unreadable:
            _unreadable.add(door)
            logger.error("cannot read %s, the door stays open: %s", door, type(error).__name__)
        return False
    _unreadable.discard(door)
    return off


def flip(door: Door, *, off: bool) -> bool:
    """Close it or open it again, in the caller's transaction; False if it is that way already."""
    model = get_waffle_switch_model()
    rows = model._default_manager.filter(name=door.value, active=not off)
    if not rows.update(active=off, modified=timezone.now()):
        return False
    transaction.on_commit(model(name=door.value).flush, robust=True)
    return True


def make_rows(using: str, apps: Any = installed, **kwargs: Any) -> None:
    """After migrations: a row for each door, open where it is new."""
    label = get_waffle_switch_model()._meta.label
    try:
        model = apps.get_model(label)
    except LookupError:  # not migrated yet
        return
    if router.allow_migrate_model(using, model):
        new = [model(name=door.value) for door in Door]
        model._default_manager.using(using).bulk_create(new, ignore_conflicts=True)
