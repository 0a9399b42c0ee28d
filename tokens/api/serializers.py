"""Request bodies of the session endpoints."""

from rest_framework import serializers

from portcullis.parsing import Body


class RefreshBody(Body):
    refresh = serializers.CharField(required=False, max_length=4096)
