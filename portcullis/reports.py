"""Error reports without secrets: Django's own show cookies, queries and what functions held."""

import re
from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter


class SecretsFilter(SafeExceptionReporterFilter):
    """For DEFAULT_EXCEPTION_REPORTER_FILTER. Outside of DEBUG no local variables are shown at all:
    passwords and tokens pass through functions under names that nobody can list."""

    hidden_settings = re.compile(
        f"{SafeExceptionReporterFilter.hidden_settings.pattern}|COOKIE|QUERY|REFERER|_URI|_URL|OIDC|LOCATION|DSN",
        re.IGNORECASE,
    )

    def get_safe_cookies(self, request: HttpRequest | None) -> dict[str, Any]:
        return dict.fromkeys(request.COOKIES if request else (), self.cleansed_substitute)

    def get_traceback_frame_variables(self, request: Any, tb_frame: FrameType) -> Any:
        return (
            ()
            if self.is_active(request)
            else super().get_traceback_frame_variables(request, tb_frame)
        )


class SecretsReporter(ExceptionReporter):
    """For DEFAULT_EXCEPTION_REPORTER: a mailed link's token stands in the query."""

    def get_traceback_data(self) -> dict[str, Any]:
        data: dict[str, Any] = super().get_traceback_data()
        if self.request is not None:
            hidden = self.filter.cleansed_substitute
            data["request_GET_items"] = [(name, hidden) for name in self.request.GET]
            data["request_insecure_uri"] = str(data["request_insecure_uri"]).partition("?")[0]
        return data
