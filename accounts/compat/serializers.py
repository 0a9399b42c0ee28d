"""SimpleJWT's request bodies and answers."""

from collections.abc import Mapping
from typing import Any, Self

from rest_framework import serializers
from rest_framework.request import Request

from accounts import addresses
from accounts.passwords import MAX_LENGTH
from portcullis.parsing import Text


class CompatBody(serializers.Serializer[Any]):
    """Unlike our own bodies it passes over fields that it does not know, as SimpleJWT does."""

    @classmethod
    def read(cls, request: Request) -> dict[str, Any]:
        """Raises DRF's ValidationError."""
        body = cls.of(request.data)
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)

    @classmethod
    def of(cls, data: Any) -> Self:
        return cls(data=data)


class TokenObtainBody(CompatBody):
    """The address comes as `email`, or as `username` from clients that were written for one."""

    email = Text(max_length=addresses.MAX_LENGTH)
    password = Text(max_length=MAX_LENGTH, trim_whitespace=False)

    @classmethod
    def of(cls, data: Any) -> Self:
        body = cls(data=data)
        if isinstance(data, Mapping) and "username" in data and "email" not in data:
            del body.fields["email"]
            body.fields["username"] = Text(max_length=addresses.MAX_LENGTH, source="email")
        return body


class TokenRefreshBody(CompatBody):
    refresh = Text()


class TokenVerifyBody(CompatBody):
    token = Text()


class TokenPairAnswer(serializers.Serializer[Any]):
    access = serializers.CharField()
    refresh = serializers.CharField()
