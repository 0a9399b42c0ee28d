"""The ground floor as a Django app: its commands and templates."""

from django.apps import AppConfig


class PortcullisConfig(AppConfig):
    name = "portcullis"
