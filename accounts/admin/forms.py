"""Forms of the admin that flows save. What a flow has against one stands at its fields, beside all
that was typed."""

import uuid
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminEmailInputWidget, AdminTextInputWidget
from django.contrib.auth import get_user_model
from django.http import HttpRequest

from accounts import directory, links
from accounts.addresses import MAX_LENGTH
from accounts.base_user import AbstractEmailUser
from accounts.flows import staff
from accounts.validators import OF_AN_ADDRESS
from portcullis.errors import AuthError, FieldErrors
from portcullis.validators import no_control_characters


class Seen(forms.CharField):
    """Carried from the page to the flow; nothing that anybody changes."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


class Reason(forms.CharField):
    """Why privileges are given, changed or taken."""

    def __init__(self, *, required: bool = True) -> None:
        super().__init__(
            required=required,
            max_length=200,
            widget=AdminTextInputWidget,
            validators=[no_control_characters],
            help_text="It is kept with the change.",
        )


class AccountField(forms.CharField):
    """Somebody's id, or their address: that from those only who may see accounts, or the answer
    would tell them which addresses have one."""

    by_address = False

    def __init__(self) -> None:
        super().__init__(label="Account", max_length=254, widget=AdminTextInputWidget)

    def ask(self, request: HttpRequest) -> None:
        """Take what this member of staff may name accounts by."""
        self.by_address = sees_accounts(request)
        self.help_text = "Its address, or its id." if self.by_address else "Its id."

    def clean(self, value: Any) -> Any:
        named = super().clean(value)
        user = _by_id(named) or (directory.find(named) if self.by_address else None)
        if user is None:
            raise forms.ValidationError("There is no such account.", "does_not_exist")
        return user


def sees_accounts(request: HttpRequest) -> bool:
    return request.user.has_perm("accounts.view_user")


def _by_id(named: str) -> Any:
    try:
        pk = uuid.UUID(named)
    except ValueError:
        return None
    return get_user_model()._default_manager.filter(pk=pk).first()


class ReasonForm(forms.Form):
    reason = Reason()

    def take(self, error: FieldErrors) -> None:
        """What the flow has against what was typed."""
        for field, found in error.errors.items():
            for code, text in found:
                self.add_error(field, forms.ValidationError(text, code))


class AddressForm(ReasonForm):
    email = forms.EmailField(
        label="New address",
        max_length=MAX_LENGTH,
        validators=OF_AN_ADDRESS,
        widget=AdminEmailInputWidget,
        help_text="A link is mailed there. Nothing changes before somebody opens it.",
    )
    field_order = ("email", "reason")


class AccountForm(forms.ModelForm[AbstractEmailUser]):
    """`seen` says which privileges the page showed: what somebody else took since must not come
    back with it."""

    reason = Reason(required=False)
    seen = Seen(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.fields["seen"].initial = lambda: staff.privileges_of(self.instance)

    def clean(self) -> dict[str, Any]:
        """A name is changed without a reason."""
        typed: dict[str, Any] = super().clean() or {}
        privileged = {*staff.PRIVILEGES} & {*self.changed_data}
        if privileged and "reason" not in self.errors and not typed["reason"]:
            self.add_error("reason", forms.ValidationError("Say why.", "required"))
        return typed

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        no_control_characters(name)
        return name

    def clean_email(self) -> str:
        """Adding an account only: a changed address would be somebody else's account."""
        email: str = self.cleaned_data["email"]
        for judge in OF_AN_ADDRESS:
            judge(email)
        if directory.find(email) or links.is_reserved(email):
            raise forms.ValidationError("A user with that address already exists.", "unique")
        return email


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
                    self._say(field if self._is_seen(field) else None, found)
            case AuthError() as error:
                self._say(None, [(error.code, error.message)])
        return self.cleaned_data

    def _is_seen(self, field: str) -> bool:
        return field in self.fields and not self.fields[field].widget.is_hidden

    def _say(self, field: str | None, found: list[tuple[str, str]]) -> None:
        for code, text in found:
            self.add_error(field, forms.ValidationError(text, code))
