"""The edge that every JSON endpoint shares: strict parsing, one shape for every refusal."""

from collections.abc import Mapping
from typing import IO, Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction
from drf_standardized_errors.handler import ExceptionHandler
from rest_framework import exceptions, serializers
from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portcullis.errors import AuthError, CsrfFailed, FieldErrors, Unavailable

CHALLENGE = 'Bearer realm="api"'  # RFC 6750, 3
TOKEN_WAS_SENT = frozenset({"token_expired", "token_invalid"})


class StrictJSONParser(JSONParser):
    """JSON in which nesting deep enough to exhaust the stack is a 400 like any malformed body."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise exceptions.ParseError("JSON parse error - nested too deeply") from error


class Body(serializers.Serializer[Any]):
    """The shape of a request body. A field it does not know is an error that names the field."""

    default_error_messages = {"unknown": "This field is not known here."}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, Mapping) and (unknown := sorted(map(str, data.keys() - self.fields))):
            error = exceptions.ErrorDetail(str(self.error_messages["unknown"]), code="unknown")
            raise serializers.ValidationError({name[:100]: [error] for name in unknown[:20]})
        value: dict[str, Any] = super().to_internal_value(data)
        return value


class AlwaysJson(BaseContentNegotiation):
    """JSON whatever `Accept` or `?format=` say: there is nothing else to choose from."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return DefaultContentNegotiation().select_parser(request, parsers)

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        return renderers[0], renderers[0].media_type


class Refusal(exceptions.APIException):
    """An AuthError on its way through DRF."""

    def __init__(self, error: AuthError) -> None:
        super().__init__(error.message, error.code)
        self.status_code = error.status
        self.wait = error.retry_after


class ProblemHandler(ExceptionHandler):
    """Every exception of an endpoint as CONTRACT's one error shape; never a traceback."""

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

    def get_headers(self, exc: exceptions.APIException) -> dict[str, str]:
        headers: dict[str, str] = super().get_headers(exc)
        if exc.status_code == 401:
            sent = exc.get_codes() in TOKEN_WAS_SENT
            headers["WWW-Authenticate"] = CHALLENGE + ', error="invalid_token"' * sent
        return headers


def handle(exc: Exception, context: Any) -> Response | None:
    handler = ProblemHandler(exc, context)
    response: Response | None = handler.run()
    return response


class ProblemEntry(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()
    attr = serializers.CharField(allow_null=True)


class Problem(serializers.Serializer[Any]):
    type = serializers.ChoiceField(["validation_error", "client_error", "server_error"])
    errors = ProblemEntry(many=True)  # type: ignore[assignment]


class Schema(AutoSchema):
    """OpenAPI in which every operation documents the one error shape."""

    def _get_response_bodies(self, direction: Direction = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        if direction == "response":
            for status in ("4XX", "503"):
                bodies[status] = self._get_response_for_code(Problem, status)  # type: ignore[no-untyped-call]
        return bodies


class Endpoint(APIView):
    """Base of all our views. It sets everything itself, so that a host project's own
    REST_FRAMEWORK defaults neither weaken nor break it, and keeps every answer out of caches."""

    parser_classes = (StrictJSONParser,)
    renderer_classes = (JSONRenderer,)
    content_negotiation_class = AlwaysJson
    throttle_classes = ()
    schema = Schema()

    def get_exception_handler(self) -> Any:
        return handle

    def get_authenticate_header(self, request: Request) -> str:
        return CHALLENGE  # without one DRF would turn every 401 into a 403

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        final = super().finalize_response(request, response, *args, **kwargs)
        final.headers.setdefault("Cache-Control", "no-store")
        return final


class NoSuchEndpoint(Endpoint):
    """Any path below /api/ that leads nowhere answers in the common shape, DEBUG or not."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    schema = None  # type: ignore[assignment]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise exceptions.NotFound


def parse(body: type[Body], request: Request) -> dict[str, Any]:
    """The request's body as `body` validates it. Raises DRF's ValidationError."""
    serializer = body(data=request.data, context={"request": request})
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def problem(error: AuthError) -> JsonResponse:
    """The same shape where DRF is not in play: middleware."""
    kind = "server_error" if error.status >= 500 else "client_error"
    errors = [{"code": error.code, "detail": error.message, "attr": None}]
    response = JsonResponse({"type": kind, "errors": errors}, status=error.status)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    response.headers["Cache-Control"] = "no-store"
    return response


class _CsrfCheck(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> Any:
        return reason


def enforce_csrf(request: Request) -> None:
    """Django's own CSRF check (token and Origin). Raises CsrfFailed.

    It is given Django's request: asking DRF's for POST would parse the body first, and a
    malformed one would answer 400 before the refusal.
    """
    check = _CsrfCheck(_unreachable)
    check.process_request(request._request)
    if reason := check.process_view(request._request, _unreachable, (), {}):
        raise CsrfFailed(str(reason))


def _unreachable(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
    raise AssertionError("the CSRF check never calls a view")
