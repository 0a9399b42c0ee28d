"""Accounts as a Django app."""

from django.apps import AppConfig
from django.contrib.admin import apps as djangos

from portcullis.registry import Expiring, expires


class AdminConfig(djangos.AdminConfig):
    """Django's admin without a login form of its own."""

    default = False
    default_site = "accounts.admin_site.AdminSite"


class AccountsConfig(AppConfig):
    name = "accounts"
    default = True

    def ready(self) -> None:
        from accounts import admin_site, checks, emails  # noqa: F401  (they register themselves)
        from accounts.models import OneTimeToken, PendingLogin

        expires(Expiring(OneTimeToken, "expires_at"), Expiring(PendingLogin, "expires_at"))
