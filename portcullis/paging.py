"""Cursor pages over a column of text, which must be unique."""

from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request


class TextPages(CursorPagination):
    """`ordering` is to name one column of text."""

    page_size = 100

    def decode_cursor(self, request: Request) -> Any:
        """DRF believes the position in a cursor, which a client may have invented."""
        cursor = super().decode_cursor(request)
        if cursor and "\0" in str(cursor.position):  # PostgreSQL's text has no NUL
            raise NotFound(self.invalid_cursor_message)
        return cursor
