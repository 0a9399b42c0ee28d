"""Refusals in our shape and in SimpleJWT's at once, so that clients of either understand them.

A project may name `handle` in REST_FRAMEWORK for its own views.
"""

import logging
from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.utils.log import log_response
from rest_framework.exceptions import APIException, ParseError
from rest_framework.response import Response
from rest_framework.settings import api_settings

from portcullis.errors import BodyTooLarge
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
        """Django's limits on forms too: our own endpoints take none."""
        match exc:
            case TooManyFieldsSent() | TooManyFilesSent():
                return ParseError("The form has more fields or files than anybody needs.")
            case RequestDataTooBig():
                exc = BodyTooLarge()
        return super().convert_known_exceptions(exc)

    def format_exception(self, exc: APIException) -> dict[str, Any]:
        """Ours last: a client of ours that finds a field's errors under `type` would break."""
        return {**_theirs(exc.detail), **super().format_exception(exc)}

    def report_exception(self, exc: APIException, response: Response) -> None:
        if isinstance(self.exc, TooManyFieldsSent | TooManyFilesSent | RequestDataTooBig):
            _report_as_django(self.exc, self.context["request"], response)
        super().report_exception(exc, response)


def handle(exc: Exception, context: Any) -> Response | None:
    return CompatHandler(exc, context).run()


def _report_as_django(exc: Exception, request: Any, response: Response) -> None:
    """What Django's own handler does before it answers: no report parses that form again."""
    request = request._request
    request._mark_post_parse_error()
    logger = logging.getLogger(f"django.security.{type(exc).__name__}")
    log_response(
        str(exc), response=response, request=request, logger=logger, level="error", exception=exc
    )


def _theirs(detail: Any) -> dict[str, Any]:
    if isinstance(detail, dict):
        return detail
    if isinstance(detail, list):
        return {str(api_settings.NON_FIELD_ERRORS_KEY): detail}
    code, words = THEIRS.get(detail.code, (detail.code, str(detail)))
    return {"detail": words, "code": code}
