"""Tokens as a Django app: the first signing key is made after migrate."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TokensConfig(AppConfig):
    name = "tokens"

    def ready(self) -> None:
        from tokens import checks, openapi  # noqa: F401  (they register themselves)
        from tokens.keyring import ensure_active_key

        def first_key(using: str, **kwargs: Any) -> None:
            ensure_active_key(using=using)

        post_migrate.connect(first_key, sender=self, weak=False)
