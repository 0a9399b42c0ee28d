"""Tokens as a Django app: the first signing key is made after migrate."""

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_out
from django.db import connections
from django.db.models import Q
from django.db.models.signals import post_migrate

from portcullis.registry import Danger, Declared, Expiring, declare, expires


class TokensConfig(AppConfig):
    name = "tokens"

    def ready(self) -> None:
        from tokens import checks, django_session, openapi  # noqa: F401  (they register themselves)
        from tokens.flows.keys import make_first_keys
        from tokens.models import KeyState, Session, SigningKey

        done = Q(state__in=[KeyState.VERIFYING, KeyState.RETIRED])
        expires(Expiring(Session, "expires_at"), Expiring(SigningKey, "not_after", only=done))
        admin, both = ("admin",), ("admin", "moderator")
        declare(
            Declared("tokens.view_session", "See sessions", roles=both),
            Declared("tokens.change_session", "End sessions", Danger.MEDIUM, both),
            Declared("tokens.introspect", "Introspect tokens (RFC 7662)", Danger.MEDIUM, admin),
            Declared("tokens.diagnose", "Diagnose tokens", Danger.MEDIUM, admin),
            Declared("tokens.view_signingkey", "See signing keys", roles=admin),
            Declared("tokens.change_signingkey", "Rotate signing keys", Danger.HIGH, admin),
        )

        def first_key(using: str, **kwargs: Any) -> None:
            if SigningKey._meta.db_table in connections[using].introspection.table_names():
                make_first_keys(using=using)

        post_migrate.connect(first_key, sender=self, weak=False)
        user_logged_out.connect(django_session.end_row)
