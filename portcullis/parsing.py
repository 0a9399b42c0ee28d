"""Request bodies: strict JSON, and shapes that know all their fields.

Imports no view, so that a project may name the parser in REST_FRAMEWORK.
"""

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from rest_framework import exceptions, serializers
from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.request import Request


class StrictJSONParser(BaseParser):
    """JSON as RFC 8259 has it between systems: UTF-8, each name once, nothing but JSON.

    Whatever two readers could understand differently (a name twice, another charset, NaN) is a
    400, and so is nesting deep enough to exhaust the stack.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        _refuse_other_charsets(media_type or "")
        try:
            return json.loads(
                stream.read().decode(), object_pairs_hook=_once, parse_constant=_no_constant
            )
        except (ValueError, RecursionError) as error:
            raise exceptions.ParseError("The body is not valid JSON in UTF-8.") from error


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
        if isinstance(data, Mapping) and (unknown := sorted(data.keys() - self.fields)):
            error = exceptions.ErrorDetail(str(self.error_messages["unknown"]), code="unknown")
            raise serializers.ValidationError({name[:100]: [error] for name in unknown[:20]})
        value: dict[str, Any] = super().to_internal_value(data)
        return value


class Text(serializers.CharField):
    """Text only: DRF would take a number for its digits."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


def parse(body: type[Body], request: Request) -> dict[str, Any]:
    """The request's body as `body` validates it. Raises DRF's ValidationError."""
    serializer = body(data=request.data, context={"request": request})
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def parse_query(query: type[Body], request: Request) -> dict[str, Any]:
    """The same for what stands in the URL."""
    serializer = query(data=request.query_params.dict(), context={"request": request})
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def refuse_other_types(request: Request) -> None:
    """A body that is no JSON, before anything (the CSRF check, say) reads it as a form."""
    declared = str(request.META.get("CONTENT_TYPE", ""))
    empty = str(request.META.get("CONTENT_LENGTH") or "0") == "0"
    if not empty and declared.partition(";")[0].strip().lower() != StrictJSONParser.media_type:
        raise exceptions.UnsupportedMediaType(declared[:100])


def _refuse_other_charsets(media_type: str) -> None:
    for parameter in media_type.split(";")[1:]:
        name, _, value = parameter.strip().partition("=")
        if name.lower() == "charset" and value.strip('"').lower() != "utf-8":
            raise exceptions.ParseError("The body is not valid JSON in UTF-8.")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    "".join(found).encode()  # a lone surrogate is no text; UnicodeEncodeError is a ValueError
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
