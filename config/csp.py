"""The policy header, remembered: django-csp builds the same one anew for each answer."""

import functools
from typing import Any

from csp import middleware
from csp.constants import HEADER, HEADER_REPORT_ONLY
from csp.utils import build_policy
from django.conf import settings
from django.core.signals import setting_changed
from django.http import HttpRequest
from django.http.response import HttpResponseBase

POLICIES = {
    HEADER: "CONTENT_SECURITY_POLICY",
    HEADER_REPORT_ONLY: "CONTENT_SECURITY_POLICY_REPORT_ONLY",
}


class CSPMiddleware(middleware.CSPMiddleware):
    """Whatever can change the policy of one answer is left to django-csp: its decorators, a nonce,
    excluded paths, Django's debug pages."""

    # Raises for whoever asks for a nonce once the header is written, so one serves every request.
    too_late = middleware.CheckableLazyObject(middleware.CSPMiddleware._csp_nonce_post_response)

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if (headers := fixed_headers()) is None or _has_its_own(request, response):
            return super().process_response(request, response)
        for name, policy in headers.items():
            response.headers.setdefault(name, policy)
        request.csp_nonce = self.too_late  # type: ignore[attr-defined]
        return response


@functools.cache
def fixed_headers() -> dict[str, str] | None:
    """The headers of an answer that has no policy of its own, or None if its path decides."""
    configured = {header: getattr(settings, name, None) for header, name in POLICIES.items()}
    if settings.DEBUG or any((it or {}).get("EXCLUDE_URL_PREFIXES") for it in configured.values()):
        return None
    built = {header: build_policy(report_only=header == HEADER_REPORT_ONLY) for header in POLICIES}
    return {header: policy for header, policy in built.items() if policy}


def _has_its_own(request: HttpRequest, response: HttpResponseBase) -> bool:
    return hasattr(request, "_csp_nonce") or any(name.startswith("_csp") for name in vars(response))


def _forget(**changed: Any) -> None:
    fixed_headers.cache_clear()


setting_changed.connect(_forget)
