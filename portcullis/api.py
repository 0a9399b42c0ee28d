"""The base of every JSON endpoint."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction
from rest_framework import exceptions, serializers
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portcullis.errors import CHALLENGE, AuthError
from portcullis.parsing import AlwaysJson, StrictJSONParser, refuse_other_types
from portcullis.problems import handle, problem


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

    @staticmethod
    def problem(error: AuthError) -> HttpResponse:
        """The endpoint's answer where DRF has not been asked yet."""
        return problem(error)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        refuse_other_types(request)
        super().initial(request, *args, **kwargs)

    def check_permissions(self, request: Request) -> None:
        """A method that nobody may use is refused as such, whoever asks."""
        if not hasattr(self, str(request.method).lower()):
            raise exceptions.MethodNotAllowed(str(request.method))
        super().check_permissions(request)

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
