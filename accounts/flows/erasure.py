"""Erase accounts whose time is up since they were closed."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from accounts.base_user import AbstractEmailUser
from accounts.conf import conf
from accounts.flows.closing import check_others_stay, lock_leaver
from accounts.signals import account_erased
from rbac.authority import nobody_else_changes_roles


def due(now: datetime) -> QuerySet[AbstractEmailUser]:
    """Who closed their account so long ago."""
    closed_before = now - timedelta(seconds=conf().ERASE_AFTER)
    return get_user_model()._default_manager.filter(closed_at__lte=closed_before)


def erase_account(user_id: Any, *, now: datetime) -> bool:
    """Delete the account with all that hangs on it, and its traces elsewhere; False if it was
    reopened, or is gone.

    Raises LastAdmin or LastSuperuser, ProtectedError or RestrictedError where rows of another app
    hold on to it, and what an eraser raises: then nothing is erased.
    """
    with nobody_else_changes_roles():
        user = lock_leaver(user_id)
        if user is None or not due(now).filter(pk=user.pk).exists():
            return False
        check_others_stay(user)
        for name in conf().ERASERS:
            import_string(name)(user)
        user.delete()
        account_erased.send(sender=type(user), user_id=user_id)
    return True
