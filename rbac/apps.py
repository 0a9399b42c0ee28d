"""Roles as a Django app."""

from django.apps import AppConfig


class RbacConfig(AppConfig):
    name = "rbac"
