"""Request bodies and queries of the roles' endpoints: shape, nothing else."""

from datetime import UTC

from rest_framework import serializers

from portcullis.parsing import Body, Text
from rbac.models import MAX_RANK


class ReasonBody(Body):
    """Why, for the record. CONTRACT names no reason here, so none is demanded."""

    reason = Text(max_length=200, default="Not said.")


class RoleBody(ReasonBody):
    slug = Text(max_length=50)
    name = Text(max_length=100)
    description = Text(max_length=1000, default="", allow_blank=True)
    rank = serializers.IntegerField(default=1, min_value=0, max_value=MAX_RANK)
    parents = serializers.ListField(child=Text(max_length=50), default=list)
    permissions = serializers.ListField(child=Text(max_length=200), default=list)
    mfa_required = serializers.BooleanField(default=False)


class ReplaceRoleBody(RoleBody):
    slug = Text(max_length=50, required=False)


class ChangeRoleBody(ReasonBody):
    """What is not named stays as it is."""

    slug = Text(max_length=50, required=False)
    name = Text(max_length=100, required=False)
    description = Text(max_length=1000, required=False, allow_blank=True)
    rank = serializers.IntegerField(required=False, min_value=0, max_value=MAX_RANK)
    parents = serializers.ListField(child=Text(max_length=50), required=False)
    permissions = serializers.ListField(child=Text(max_length=200), required=False)
    mfa_required = serializers.BooleanField(required=False)


class GrantBody(Body):
    role = Text(max_length=50)
    reason = Text(max_length=200)
    starts_at = serializers.DateTimeField(required=False, allow_null=True, default_timezone=UTC)
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default_timezone=UTC)


class ExplainQuery(Body):
    """`object` is `app.model:pk`."""

    user = serializers.UUIDField()
    permission = Text(max_length=200)
    object = Text(max_length=300, required=False)
