"""Every refusal in CONTRACT 2's one shape: the exception handler, and the same without DRF."""

import logging
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import JsonResponse
from django.http.response import HttpResponseBase
from drf_standardized_errors.handler import ExceptionHandler
from rest_framework import exceptions
from rest_framework.response import Response

from portcullis.errors import AuthError, FieldErrors, Refusal, Unavailable, challenge

logger = logging.getLogger("portcullis.problems")


class ProblemHandler(ExceptionHandler):
    """Every exception of an endpoint as CONTRACT's one error shape; never a traceback."""

    def run(self) -> Response | None:
        if error := self._refusal():
            log_refusal(self.context["request"], error)
        response: Response | None = super().run()
        return response

    def report_exception(self, exc: exceptions.APIException, response: Response) -> None:
        if self._refusal():
            without_alarm(response)
        else:
            super().report_exception(exc, response)

    def _refusal(self) -> AuthError | None:
        error = self.exc.error if isinstance(self.exc, Refusal) else self.exc
        return error if isinstance(error, AuthError) else None

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        match exc:
            case FieldErrors(errors=errors):
                return exceptions.ValidationError(
                    {
                        field: [exceptions.ErrorDetail(text, code) for code, text in found]
                        for field, found in errors.items()
                    }
                )
            case AuthError(field=str(field)):
                detail = exceptions.ErrorDetail(exc.message, exc.code)
                return exceptions.ValidationError({field: [detail]})
            case AuthError():
                return Refusal(exc)
            case OperationalError() | InterfaceError():
                return Refusal(Unavailable())
            case _:
                return super().convert_known_exceptions(exc)

    def should_not_handle(self, exc: Exception) -> bool:
        return False  # under DEBUG too: the log has the traceback, a client never does


def log_refusal(request: Any, error: AuthError) -> None:
    """The true reason, which the answer does not tell."""
    logger.log(
        logging.WARNING if error.status >= 500 else logging.INFO,
        "refused code=%s reason=%r request_id=%s",
        error.code,
        str(error),
        getattr(request, "request_id", ""),
    )


def without_alarm(response: HttpResponseBase) -> None:
    """Of a refusal of ours, whatever its status, Django logs no error and mails nobody:
    `log_refusal` has said it."""
    if response.status_code >= 500:
        response._has_been_logged = True  # type: ignore[attr-defined]


def handle(exc: Exception, context: Any) -> Response | None:
    return ProblemHandler(exc, context).run()


def problem(error: AuthError, **members: str) -> JsonResponse:
    """The same shape where DRF is not in play: middleware and plain views. `members` are added."""
    kind = "server_error" if error.status >= 500 else "client_error"
    errors = [{"code": error.code, "detail": error.message, "attr": None}]
    response = JsonResponse({**members, "type": kind, "errors": errors}, status=error.status)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = challenge(error)
    response.headers["Cache-Control"] = "no-store"
    return response
