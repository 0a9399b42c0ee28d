"""Second factors as a Django app."""

from django.apps import AppConfig


class MfaConfig(AppConfig):
    name = "mfa"
