"""Refusals in our shape and in SimpleJWT's at once, so that clients of either understand them.

A project may name `handle` in REST_FRAMEWORK for its own views.
"""

from typing import Any

from django.core.exceptions import SuspiciousOperation
from rest_framework.exceptions import APIException, ParseError
from rest_framework.response import Response
from rest_framework.settings import api_settings

from portcullis.problems import ProblemHandler

THEIRS = {
    "invalid_credentials": (
        "no_active_account",
        "No active account found with the given credentials",
    ),
    "token_expired": ("token_not_valid", "Token is expired"),
    "token_invalid": ("token_not_valid", "Token is invalid"),
}
"""Our code to SimpleJWT's code and words. What it does not know keeps ours."""


class CompatHandler(ProblemHandler):
    """Adds SimpleJWT's members: `detail` and `code`, or for bad input the fields by name."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        if isinstance(exc, SuspiciousOperation):
            exc = ParseError("The form has more fields than anybody needs.")
        return super().convert_known_exceptions(exc)

    def format_exception(self, exc: APIException) -> dict[str, Any]:
        return {**_theirs(exc.detail), **super().format_exception(exc)}


def handle(exc: Exception, context: Any) -> Response | None:
    return CompatHandler(exc, context).run()


def _theirs(detail: Any) -> dict[str, Any]:
    if isinstance(detail, dict):
        return detail
    if isinstance(detail, list):
        return {str(api_settings.NON_FIELD_ERRORS_KEY): detail}
    code, words = THEIRS.get(detail.code, (detail.code, str(detail)))
    return {"detail": words, "code": code}
