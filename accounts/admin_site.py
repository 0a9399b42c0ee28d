"""The admin without a door of its own: it is entered through the login page, like everything else.

Install "accounts.apps.AdminConfig" in place of "django.contrib.admin", after "accounts".
"""

from functools import wraps
from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.admin.sites import AdminSite as DjangosAdminSite
from django.contrib.admin.sites import all_sites
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from portcullis.conf import conf
from portcullis.pages import local_path
from tokens.delivery import log_out


class AdminSite(DjangosAdminSite):
    """Django's login form would admit by password alone: no limits, no second factor, no row."""

    enable_nav_sidebar = False  # there is little to navigate, and lists need the room

    @property
    def site_header(self) -> str:  # type: ignore[override]
        return f"{conf().PRODUCT_NAME} administration"

    @property
    def site_title(self) -> str:  # type: ignore[override]
        return self.site_header

    @method_decorator(never_cache)
    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """To the login page; whoever is logged in already is let in, or told that they may not."""
        wanted = local_path(request.GET.get("next", ""))
        onward = wanted or reverse("admin:index", current_app=self.name)
        if self.has_permission(request):
            return redirect(onward)
        if request.user.is_authenticated:
            raise PermissionDenied("not a member of staff")
        return redirect_to_login(onward, settings.LOGIN_URL)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Django's views hand odd ids and texts to the database as they come."""

        @wraps(view)
        def careful(*args: Any, **kwargs: Any) -> Any:
            try:
                return view(*args, **kwargs)
            except (ValidationError, DataError, OverflowError) as error:
                raise BadRequest from error

        return super().admin_view(careful, cacheable)

    @method_decorator(require_POST)
    def logout(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return log_out(request, settings.LOGIN_URL)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect("accounts:password-change")

    password_change_done = password_change


@register(Tags.admin)
def check_admin(**kwargs: Any) -> list[CheckMessage]:
    if not apps.is_installed("django.contrib.admin"):
        return []
    import_module(settings.ROOT_URLCONF)  # where a project makes sites of its own
    found: list[CheckMessage] = [
        Error(
            f"The admin {site.name!r} has a login form of its own: a door without limits or second "
            "factor.",
            hint="Put 'accounts.apps.AdminConfig' in place of 'django.contrib.admin' in "
            "INSTALLED_APPS; build other sites on accounts.admin_site.AdminSite.",
            id="accounts.E003",
        )
        for site in all_sites
        if not isinstance(site, AdminSite)
    ]
    order = [app.name for app in apps.get_app_configs()]
    if order.index("django.contrib.admin") < order.index("accounts"):
        found.append(
            Warning(
                "The admin stands before accounts, so that Django's own look wins.",
                hint="In INSTALLED_APPS, move the admin below 'accounts'.",
                id="accounts.W003",
            )
        )
    return found
