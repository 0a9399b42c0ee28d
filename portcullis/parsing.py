"""Request bodies: strict JSON, and shapes that know all their fields.

Imports no view, so that a project may name the parser in REST_FRAMEWORK.
"""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework import exceptions, serializers
from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.request import Request


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


class AlwaysJson(BaseContentNegotiation):
    """JSON whatever `Accept` or `?format=` say: there is nothing else to choose from."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return DefaultContentNegotiation().select_parser(request, parsers)

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        return renderers[0], renderers[0].media_type


class Body(serializers.Serializer[Any]):
    """The shape of a request body. A field it does not know is an error that names the field."""

    default_error_messages = {"unknown": "This field is not known here."}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, Mapping) and (unknown := sorted(map(str, data.keys() - self.fields))):
            error = exceptions.ErrorDetail(str(self.error_messages["unknown"]), code="unknown")
            raise serializers.ValidationError({name[:100]: [error] for name in unknown[:20]})
        value: dict[str, Any] = super().to_internal_value(data)
        return value


def parse(body: type[Body], request: Request) -> dict[str, Any]:
    """The request's body as `body` validates it. Raises DRF's ValidationError."""
    serializer = body(data=request.data, context={"request": request})
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
