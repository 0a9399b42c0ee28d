"""Request bodies of the session endpoints."""

from portcullis.parsing import Body, Text


class RefreshBody(Body):
    refresh = Text(required=False, max_length=4096)


class PresentedBody(Body):
    token = Text(max_length=4096)


class RevokeBody(PresentedBody):
    """The hint of RFC 7009 is taken and not needed: a token says what it is."""

    token_type_hint = Text(required=False, max_length=100)
