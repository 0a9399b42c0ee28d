"""What people may type, wherever they type it."""

import unicodedata
from datetime import UTC, datetime

from django.core.exceptions import ValidationError


def no_control_characters(text: str) -> None:
    """They forge lines wherever the text is shown."""
    if any(unicodedata.category(char) == "Cc" for char in text):
        raise ValidationError("Control characters are not allowed.", code="control_characters")


def exists_in_utc(at: datetime) -> None:
    """West of Greenwich the last evening of 9999 is in a year that no database gives back."""
    try:
        at.astimezone(UTC)
    except OverflowError as error:
        raise ValidationError("This is beyond the calendar.", code="overflow") from error
