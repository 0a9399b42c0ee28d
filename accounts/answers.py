"""How a user and a login look from outside: the classes document it, the function makes it."""

from typing import Any

from rest_framework import serializers

from accounts.base_user import AbstractEmailUser
from rbac.claims import role_claims
from tokens.answers import SessionAnswer


class UserAnswer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.EmailField()
    name = serializers.CharField()
    email_verified = serializers.BooleanField()
    role = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())
    permissions = serializers.ListField(child=serializers.CharField())
    mfa_enabled = serializers.BooleanField()
    date_joined = serializers.DateTimeField()


class LoginAnswer(serializers.Serializer[Any]):
    """Done, or a second factor is needed (`mfa_required`) and no token of any kind is given."""

    mfa_required = serializers.BooleanField()
    user = UserAnswer(required=False)
    session = SessionAnswer(required=False)
    expires_in = serializers.IntegerField()
    access = serializers.CharField(required=False)
    refresh = serializers.CharField(required=False)
    mfa_token = serializers.CharField(required=False)
    methods = serializers.ListField(child=serializers.CharField(), required=False)


class Detail(serializers.Serializer[Any]):
    detail = serializers.CharField()


class CsrfAnswer(serializers.Serializer[Any]):
    csrf_token = serializers.CharField()


def user_answer(user: AbstractEmailUser) -> dict[str, Any]:
    return {
        "id": user.pk,
        "email": user.email,
        "name": user.name,
        "email_verified": user.email_verified_at is not None,
        "mfa_enabled": False,
        "date_joined": user.date_joined,
        **role_claims(user),
    }
