"""Roles for plain Django views; for permissions, Django's own `permission_required` and
`PermissionRequiredMixin` ask our backend."""

import functools
from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.generic.base import View

from rbac.permissions import roles_of

PlainView = Callable[..., Any]


def role_required(role: str, *more: str) -> Callable[[PlainView], PlainView]:
    """The view is for who holds each of these roles. Visitors log in first; others get a 403."""
    wanted = {role, *more}

    def decorate(view: PlainView) -> PlainView:
        @functools.wraps(view)
        async def judged_first(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            led_away = await sync_to_async(_judge)(request, wanted)
            return led_away or await view(request, *args, **kwargs)

        @functools.wraps(view)
        def judged(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return _judge(request, wanted) or view(request, *args, **kwargs)

        return judged_first if iscoroutinefunction(view) else judged

    return decorate


class RoleRequiredMixin(View):
    """`role_required` for class-based views: `required_roles = ("moderator",)`."""

    required_roles: tuple[str, ...] = ()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not self.required_roles:
            raise ImproperlyConfigured(f"{type(self).__name__} names no required_roles")
        answer: Any = super().dispatch

        async def answer_later(*asked: Any, **named: Any) -> Any:
            return await answer(*asked, **named)

        view = role_required(*self.required_roles)(answer_later if self.view_is_async else answer)
        return view(request, *args, **kwargs)  # type: ignore[no-any-return]


def _judge(request: HttpRequest, wanted: set[str]) -> HttpResponseBase | None:
    """Where to lead who may not see the view; None for who may. Raises PermissionDenied."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    if not roles_of(request.user) >= wanted:
        raise PermissionDenied
    return None
