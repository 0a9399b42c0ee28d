"""The ground floor as a Django app: its commands and templates, and the watch over our names."""

from types import ModuleType

import django_stubs_ext
from django.apps import AppConfig, apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.models.signals import post_migrate
from waffle import get_waffle_switch_model

from portcullis import namesakes
from portcullis.registry import expires

# Before any model is loaded: `EmailField[str, str]` is an error in plain Django.
django_stubs_ext.monkeypatch()


class PortcullisConfig(AppConfig):
    name = "portcullis"

    def __init__(self, app_name: str, app_module: ModuleType | None) -> None:
        super().__init__(app_name, app_module)
        namesakes.refuse_strangers(settings.INSTALLED_APPS)
        if not any("django_tasks_db" in name for name in settings.INSTALLED_APPS):
            raise ImproperlyConfigured(
                "INSTALLED_APPS lacks django_tasks_db, in whose table mail waits for the worker."
            )

    def ready(self) -> None:
        from portcullis import checks, leftovers, switches  # noqa: F401  (checks register themselves)

        expires(*leftovers.expiring())
        if apps.is_installed("waffle"):
            post_migrate.connect(
                switches.make_rows, sender=get_waffle_switch_model()._meta.app_config
            )
