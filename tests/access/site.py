"""The project's pages as the URLconf has them, and a row of each kind that pages are about."""

import re
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group
from django.urls import URLPattern, get_resolver

from accounts import links
from accounts.models import Invitation, Purpose
from rbac.models import Role
from tests.access.people import address, permission
from tests.doors import Api


def mounted() -> Iterator[str]:
    """Every path that is not the API's. `<id>` stands for the row that a page is about."""
    for path in _walk(get_resolver("config.urls").url_patterns, ""):
        if not path.startswith("api/"):
            yield from _spelt_out(path)


def _walk(patterns: Any, prefix: str) -> Iterator[str]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield path
        else:
            yield from _walk(pattern.url_patterns, path)


def _spelt_out(path: str) -> list[str]:
    if labels := re.fullmatch(r"admin/\^\(\?P<app_label>(.*)\)/\$", path):
        return [f"admin/{label}/" for label in labels[1].split("|")]
    path = path.replace("(?P<url>.*)$", "nothing/")
    return [re.sub(r"<\w+:(object_id|pk)>", "<id>", path) or "/"]


def furnish(crowd: dict[str, Any], mailbox: Any) -> None:
    """Something for every page to be about. Roles alone open no page of the admin: their holders
    are staff here."""
    roles = ("moderator", "manager", "admin")
    accounts = type(crowd["user"]).objects
    accounts.filter(email__in=map(address, roles)).update(is_staff=True)
    Group.objects.create(name="readers").permissions.add(permission("accounts.view_user"))
    link = links.order(purpose=Purpose.INVITATION, user=crowd["other"])
    Invitation.objects.create(link=link, invited_by=crowd["staff"])
    Api().post("/auth/forgot-password", {"email": address("user")})
    mailbox.read()  # the task that mails it is a row, too


def target(path: str, user: Any) -> str:
    """The path to the page about `user`, or about what is theirs."""
    if about := re.match(r"admin/(\w+)/(\w+)/<id>", path):
        path = path.replace("<id>", str(row_of(apps.get_model(*about.groups()), user).pk))
    path = path.replace("<path:content_type_id>/<id>", "1/1").lstrip("/")
    assert "<" not in path, f"{path}: what is this about?"
    return f"/{path}"


def row_of(model: Any, user: Any) -> Any:
    if isinstance(user, model):
        return user
    if model is Role:
        return Role.objects.get(slug="badge")
    owned = any(field.name == "user" for field in model._meta.concrete_fields)
    rows = model._default_manager.filter(user=user) if owned else model._default_manager.all()
    return rows.order_by("pk").first()
