"""Everything that is stored about a user, for themselves."""

from typing import Any

from django.utils.module_loading import import_string

from accounts.base_user import AbstractEmailUser
from accounts.conf import conf

AS_FILE = 'attachment; filename="account.json"'
"""Content-Disposition of the export: a browser saves it instead of showing it."""


def export(user: AbstractEmailUser) -> dict[str, Any]:
    """The sections of every exporter, in the order of the settings."""
    found: dict[str, Any] = {}
    for name in conf().EXPORTERS:
        found |= import_string(name)(user)
    return found
