"""Request bodies of the session endpoints."""

from portcullis.parsing import Body, Text


class RefreshBody(Body):
    refresh = Text(required=False, max_length=4096)
