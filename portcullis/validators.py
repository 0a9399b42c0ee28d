"""What text may be made of that people see."""

import unicodedata

from django.core.exceptions import ValidationError


def no_control_characters(text: str) -> None:
    """They forge lines wherever the text is shown."""
    if any(unicodedata.category(char) == "Cc" for char in text):
        raise ValidationError("Control characters are not allowed.", code="control_characters")
