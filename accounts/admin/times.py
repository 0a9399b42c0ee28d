"""Moments in UTC, whatever the time zone of the project: typed, and shown."""

from collections.abc import Callable
from datetime import UTC
from typing import Any

from django import forms
from django.contrib import admin
from django.utils import timezone

from portcullis.validators import exists_in_utc


class Moment(forms.DateTimeInput):
    """The browser's own input, which needs no script."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(attrs={"class": "vTextField"}, format="%Y-%m-%dT%H:%M")


class UtcField(forms.DateTimeField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, widget=Moment(), validators=[exists_in_utc], **kwargs)

    def to_python(self, value: Any) -> Any:
        with timezone.override(UTC):
            return super().to_python(value)


def utc_moment(field: str, description: str) -> Callable[[Any], str]:
    """A column, or a field of a page that is read only."""

    @admin.display(description=description, ordering=field)
    def column(row: Any) -> str:
        at = getattr(row, field)
        return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}" if at else "-"

    return column
