"""Accounts as a Django app."""

from django.apps import AppConfig
from django.contrib.admin import apps as djangos

from portcullis.registry import Danger, Declared, Expiring, declare, expires


class AdminConfig(djangos.AdminConfig):
    """Django's admin without a login form of its own."""

    default = False
    default_site = "accounts.admin_site.AdminSite"


class AccountsConfig(AppConfig):
    name = "accounts"
    default = True

    def ready(self) -> None:
        from accounts import admin_site, checks, emails, notices  # noqa: F401  (they register themselves)
        from accounts.models import OneTimeToken, PendingLogin

        expires(Expiring(OneTimeToken, "expires_at"), Expiring(PendingLogin, "expires_at"))
        admin, both = ("admin",), ("admin", "moderator")
        declare(
            Declared("accounts.view_user", "See accounts", roles=both),
            Declared("accounts.add_user", "Make accounts", Danger.MEDIUM, admin),
            Declared(
                "accounts.change_user",
                "Change and deactivate accounts, send reset links",
                Danger.HIGH,
                admin,
            ),
            Declared("accounts.invite_user", "Invite people", Danger.MEDIUM, admin),
            Declared("accounts.view_invitation", "See invitations", roles=admin),
            Declared("accounts.view_onetimetoken", "See mailed links", roles=admin),
            Declared(
                "accounts.flip_switch",
                "Switch registration and ways to log in off and on",
                Danger.HIGH,
                admin,
            ),
            Declared("django_tasks_database.view_dbtaskresult", "See the mail queue", roles=admin),
            Declared(
                "django_tasks_database.change_dbtaskresult", "Have mail tried again", roles=admin
            ),
        )
