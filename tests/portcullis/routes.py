"""Every endpoint below /api/ that takes something, with a body of the right shape."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.urls import URLPattern, get_resolver

from tests.doors import PASSWORD, Api

UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
EMAIL = "nobody@example.com"
TOKEN = "x" * 43
KINDS = {"validation_error", "client_error", "server_error"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Route:
    """`body` has every field that is known; `anything` are those in which any text is fine,
    `nullable` those that may be null. In `path`, {user} is the only one there is."""

    path: str = ""
    body: Mapping[str, Any] | None = None
    required: frozenset[str] = frozenset()
    anything: frozenset[str] = frozenset()
    nullable: frozenset[str] = frozenset()
    signed_in: bool = False
    superuser: bool = False
    permission: str = ""

    def without(self, field: str) -> dict[str, Any]:
        return {name: value for name, value in (self.body or {}).items() if name != field}


def route(required: str = "", anything: str = "", nullable: str = "", **facts: Any) -> Route:
    return Route(
        required=frozenset(required.split()),
        anything=frozenset(anything.split()),
        nullable=frozenset(nullable.split()),
        **facts,
    )


A_ROLE: dict[str, Any] = {
    "slug": "auditor",
    "name": "Auditor",
    "description": "Reads what happened.",
    "rank": 10,
    "parents": ["user"],
    "permissions": ["accounts.view_user"],
    "mfa_required": False,
    "reason": "Asked for.",
}
A_GRANT = {
    "role": "moderator",
    "reason": "Asked for.",
    "starts_at": "2026-01-01T00:00:00Z",
    "expires_at": "2126-01-01T00:00:00Z",
}

ROUTES: dict[str, Route] = {
    "POST auth/register": route(
        "email password name",
        "name invitation",
        body={"email": EMAIL, "password": PASSWORD, "name": "Ada", "invitation": TOKEN},
    ),
    "POST auth/verify-email": route("token", body={"token": TOKEN}),
    "POST auth/resend-verification": route("email", body={"email": EMAIL}),
    "POST auth/login": route(
        "email password",
        body={
            "email": EMAIL,
            "password": PASSWORD,
            "remember_me": False,
            "transport": "hybrid",
            "device_token": TOKEN,
            "trusted_device_token": TOKEN,
        },
    ),
    "POST auth/forgot-password": route("email", body={"email": EMAIL}),
    "POST auth/reset-password": route(
        "token password", body={"token": TOKEN, "password": PASSWORD}
    ),
    "POST auth/change-password": route(
        "current_password new_password",
        body={"current_password": "Not-My-Password-1", "new_password": PASSWORD},
        signed_in=True,
    ),
    "POST auth/set-password": route("password", body={"password": PASSWORD}, signed_in=True),
    "POST auth/change-email": route("email", body={"email": EMAIL}, signed_in=True),
    "POST auth/confirm-email-change": route("token", body={"token": TOKEN}),
    "POST auth/undo-email-change": route("token", body={"token": TOKEN}),
    "POST auth/reauthenticate": route(
        "password", body={"password": "Not-My-Password-1"}, signed_in=True
    ),
    "POST invitations": route(
        "email",
        body={"email": EMAIL, "roles": ["moderator"]},
        signed_in=True,
        superuser=True,
    ),
    "POST auth/token/verify": route("token", body={"token": TOKEN}),
    "POST auth/token/introspect": route(
        "token", "token", body={"token": TOKEN}, signed_in=True, permission="introspect"
    ),
    "POST auth/token/revoke": route(
        "token",
        "token token_type_hint",
        body={"token": TOKEN, "token_type_hint": "refresh_token"},
        signed_in=True,
    ),
    "DELETE auth/sessions": route(signed_in=True),
    "PATCH users/profile": route("", "name", body={"name": "Ada"}, signed_in=True),
    "DELETE users/profile": route(signed_in=True),
    "POST auth/reopen": route(signed_in=True),
    "POST auth/refresh": route("", body={"refresh": TOKEN}),
    "DELETE auth/refresh": route(),
    "POST auth/logout": route("", body={"refresh": TOKEN}),
    "DELETE auth/sessions/<uuid:session_id>": route(
        path="auth/sessions/00000000-0000-4000-8000-000000000000", signed_in=True
    ),
    "POST rbac/roles": route(
        "slug name", "name description reason", body=A_ROLE, signed_in=True, superuser=True
    ),
    "PUT rbac/roles/<slug:slug>": route(
        "name",
        "name description reason",
        path="rbac/roles/moderator",
        body={**A_ROLE, "slug": "moderator"},
        signed_in=True,
        superuser=True,
    ),
    "PATCH rbac/roles/<slug:slug>": route(
        "",
        "name description reason",
        path="rbac/roles/moderator",
        body={**A_ROLE, "slug": "moderator"},
        signed_in=True,
        superuser=True,
    ),
    "DELETE rbac/roles/<slug:slug>": route(
        "",
        "reason",
        path="rbac/roles/nothing",
        body={"reason": "Gone."},
        signed_in=True,
        superuser=True,
    ),
    "POST users/<uuid:user_id>/roles": route(
        "role reason",
        "reason",
        "starts_at expires_at",
        path="users/{user}/roles",
        body=A_GRANT,
        signed_in=True,
        superuser=True,
    ),
    "DELETE users/<uuid:user_id>/roles/<slug:slug>": route(
        "",
        "reason",
        path="users/{user}/roles/moderator",
        body={"reason": "Gone."},
        signed_in=True,
        superuser=True,
    ),
}
WITH_BODY = {name: each for name, each in ROUTES.items() if each.body is not None}

# These record refusals: they may grow by a refused request.
RECORDS = {"accounts.failurecounter", "audit.event"}


def mounted() -> Iterator[tuple[str, Any]]:
    """Path below /api/ and view of every route there."""

    def walk(patterns: Any, prefix: str) -> Iterator[tuple[str, Any]]:
        for pattern in patterns:
            path = prefix + str(pattern.pattern)
            if isinstance(pattern, URLPattern):
                yield path, pattern.callback
            else:
                yield from walk(pattern.url_patterns, path)

    for path, view in walk(get_resolver("config.urls").url_patterns, ""):
        if path.startswith("api/") and path != "api/":  # the last is for paths that lead nowhere
            yield path.removeprefix("api/"), view


def methods(view: Any) -> set[str]:
    cls = view.view_class
    return {name.upper() for name in cls.http_method_names if hasattr(cls, name)}


def client_for(name: str) -> Api:
    """A browser: with a CSRF token, signed in and permitted where the route wants it."""
    if codename := ROUTES[name].permission:
        permission = Permission.objects.get(codename=codename)
        get_user_model().objects.get().user_permissions.add(permission)
    if ROUTES[name].superuser:
        get_user_model().objects.update(is_superuser=True)
    return Api().login() if ROUTES[name].signed_in else Api().fetch_csrf()


def send(api: Api, name: str, raw: bytes | str, content_type: str = "application/json", **headers):
    """The raw body as it is, with all that a browser adds."""
    method, _, path = name.partition(" ")
    path = ROUTES[name].path or path
    if "{user}" in path:
        path = path.format(user=get_user_model().objects.get().pk)
    csrf = api.client.cookies["__Host-csrftoken"].value
    return api.client.generic(
        method,
        f"/api/{path}",
        raw,
        content_type=content_type,
        secure=True,
        headers={**api.headers, "X-CSRFToken": csrf, **headers},
    )


def send_json(api: Api, name: str, body: Any):
    return send(api, name, json.dumps(body))


def row_counts() -> list[tuple[str, int]]:
    """How many rows each table has, by one statement."""
    models = [m for m in apps.get_models() if m._meta.label_lower not in RECORDS]
    tables = [model._meta.db_table for model in models]
    counts = (f"SELECT '{table}', count(*) FROM \"{table}\"" for table in tables)
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(counts))
        return sorted(cursor.fetchall())


def in_shape(response: Any) -> bool:
    """Whether a refusal has CONTRACT 2's shape, exactly."""
    if not response.headers["Content-Type"].startswith("application/json"):
        return False
    problem = response.json()
    if problem.keys() != {"type", "errors"} or problem["type"] not in KINDS:
        return False
    if (problem["type"] == "server_error") != (response.status_code >= 500):
        return False
    return bool(problem["errors"]) and all(
        error.keys() == {"code", "detail", "attr"}
        and isinstance(error["code"], str)
        and isinstance(error["detail"], str)
        and (error["attr"] is None or isinstance(error["attr"], str))
        for error in problem["errors"]
    )
