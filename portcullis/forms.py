"""Form fields that password managers, screen readers and phones' keyboards understand."""

from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator


class PageForm(forms.Form):
    """Shown by the template `portcullis/form.html`: label, hint, errors, input in this order."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})


class PasswordField(forms.CharField):
    """Byte for byte as typed: nothing trimmed, and no `maxlength`, which cuts what is pasted."""

    widget = forms.PasswordInput

    def __init__(self, *, max_length: int, autocomplete: str, **kwargs: Any) -> None:
        widget = self.widget(
            attrs={"autocomplete": autocomplete, "autocapitalize": "none", "spellcheck": "false"}
        )
        validators = [MaxLengthValidator(max_length)]
        super().__init__(**{"strip": False, "widget": widget, "validators": validators, **kwargs})
