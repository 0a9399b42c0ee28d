"""System checks of rbac. Ids are permanent."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.module_loading import import_string
from rest_framework.routers import APIRootView
from rest_framework.views import APIView

from rbac.backend import RoleBackend


@register
def check_backend(**kwargs: Any) -> list[CheckMessage]:
    backends = [import_string(path) for path in settings.AUTHENTICATION_BACKENDS]
    if any(isinstance(each, type) and issubclass(each, RoleBackend) for each in backends):
        return [
            Warning(
                "Django's ModelBackend is asked beside RoleBackend, which has answered for it: two "
                "more statements for each permission that somebody lacks.",
                hint="Take ModelBackend out of AUTHENTICATION_BACKENDS.",
                id="rbac.W001",
            )
            for each in backends
            if each is ModelBackend
        ]
    return [
        Error(
            "No authentication backend asks for roles: has_perm refuses what they hold.",
            hint="In AUTHENTICATION_BACKENDS, put 'rbac.backend.RoleBackend' in place of "
            "'django.contrib.auth.backends.ModelBackend'.",
            id="rbac.E001",
        )
    ]


@register(Tags.urls)
def check_every_view_says_who_may_call_it(**kwargs: Any) -> list[CheckMessage]:
    """A view that relies on DEFAULT_PERMISSION_CLASSES is open as soon as somebody changes it."""
    if not getattr(settings, "ROOT_URLCONF", None):
        return []
    silent = {name: path for path, name in _silent(get_resolver().url_patterns, "")}
    return [
        Error(
            f"The API view {name} at /{path} does not say who may call it.",
            hint="Set its permission_classes, or hand them to its as_view(): AllowAny too is an "
            "answer. What is not yours to change goes into SILENCED_SYSTEM_CHECKS.",
            id="rbac.E002",
        )
        for name, path in sorted(silent.items())
    ]


def _silent(patterns: Any, prefix: str) -> Iterator[tuple[str, str]]:
    """Path and name of each API view without permission classes of its own."""
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _silent(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            view = getattr(pattern.callback, "cls", None)
            if isinstance(view, type) and issubclass(view, APIView):
                given = getattr(pattern.callback, "initkwargs", {})
                said = given.get("permission_classes")
                if not (_says(view) if said is None else said):
                    yield path, f"{view.__module__}.{view.__name__}"


def _says(view: type[APIView]) -> bool:
    """Whether the class or a base of ours says so; to name nobody is not to say. `@api_view` writes
    DRF's own default into the class that it makes; the root of its DefaultRouter only lists URLs.
    """
    bases = view.__mro__[: view.__mro__.index(APIView)]
    said = [vars(base).get("permission_classes", APIView.permission_classes) for base in bases]
    return (
        APIRootView in bases
        or any("get_permissions" in vars(base) for base in bases)
        or (
            bool(view.permission_classes)
            and any(classes is not APIView.permission_classes for classes in said)
        )
    )
