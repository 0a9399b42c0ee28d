"""Forms of the admin that flows save. What a flow has against one stands at its fields, beside all
that was typed."""

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextInputWidget

from portcullis.errors import AuthError, FieldErrors
from portcullis.validators import no_control_characters


class Seen(forms.CharField):
    """Carried from the page to the flow; nothing that anybody changes."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


class Reason(forms.CharField):
    """Why a role is made, changed, given or taken."""

    def __init__(self) -> None:
        super().__init__(
            max_length=200,
            widget=AdminTextInputWidget,
            validators=[no_control_characters],
            help_text="It is kept with the change.",
        )


class ReasonForm(forms.Form):
    reason = Reason()


class FlowForm(forms.ModelForm[Any]):
    """Whether rows are unique and consistent is for the flow to judge, under its lock."""

    request: Any = None
    """Set by `FlowFormAdmin`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.validate_constraints = lambda exclude=None: None

    def clean(self) -> dict[str, Any]:
        match getattr(self.request, "refused", None):
            case FieldErrors(errors=errors):
                for field, found in errors.items():
                    self._say(field if field in self.fields else None, found)
            case AuthError() as error:
                self._say(None, [(error.code, error.message)])
        return self.cleaned_data

    def _say(self, field: str | None, found: list[tuple[str, str]]) -> None:
        for code, text in found:
            self.add_error(field, forms.ValidationError(text, code))
