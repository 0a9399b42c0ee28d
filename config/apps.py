"""The project itself as a Django app: its checks."""

from django.apps import AppConfig


class ProjectConfig(AppConfig):
    name = "config"
