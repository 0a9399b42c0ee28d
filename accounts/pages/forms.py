"""What people type on the pages of accounts: shape and field validity, as the API's bodies."""

from typing import Any, ClassVar

from django import forms
from django.contrib.auth.password_validation import password_validators_help_text_html

from accounts import addresses
from accounts.conf import conf
from accounts.passwords import MAX_LENGTH, MIN_LENGTH
from accounts.validators import OF_AN_ADDRESS
from portcullis.forms import PageForm, PasswordField
from portcullis.validators import no_control_characters


class AddressField(forms.EmailField):
    """`autocomplete` is `username` wherever a password manager should fill in or remember it."""

    def __init__(self, label: str = "Email address", *, autocomplete: str = "username") -> None:
        super().__init__(
            label=label,
            max_length=addresses.MAX_LENGTH,
            validators=OF_AN_ADDRESS,
            widget=forms.EmailInput(
                attrs={
                    "autocomplete": autocomplete,
                    "autocapitalize": "none",
                    "spellcheck": "false",
                }
            ),
            error_messages={"required": "Enter your email address."},
        )


class NameField(forms.CharField):
    def __init__(self) -> None:
        super().__init__(
            label="Name",
            max_length=150,
            validators=[no_control_characters],
            widget=forms.TextInput(attrs={"autocomplete": "name"}),
            error_messages={"required": "Enter your name."},
        )


class KnownPasswordField(PasswordField):
    def __init__(self, label: str = "Password") -> None:
        super().__init__(
            label=label,
            max_length=MAX_LENGTH,
            autocomplete="current-password",
            error_messages={"required": "Enter your password."},
        )


class NewPasswordInput(forms.PasswordInput):
    """With what the strength meter has to know; without its script, an input like any other."""

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("accounts/strength.css",)}
        js = (forms.Script("accounts/strength.js", type="module"),)

    def build_attrs(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        rules = {
            "data-policy": str(conf().PASSWORD_POLICY),
            "data-least": MIN_LENGTH,
            "data-most": MAX_LENGTH,
        }
        return {**super().build_attrs(*args, **kwargs), **rules}


class NewPasswordField(PasswordField):
    """The flow checks the policy; the form says it beforehand."""

    widget = NewPasswordInput

    def __init__(self, label: str = "Password") -> None:
        super().__init__(
            label=label,
            max_length=MAX_LENGTH,
            autocomplete="new-password",
            help_text=password_validators_help_text_html(),
            error_messages={"required": "Choose a password."},
        )


class LoginForm(PageForm):
    email = AddressField()
    password = KnownPasswordField()
    remember_me = forms.BooleanField(label="Remember me on this device", required=False)
    next = forms.CharField(required=False, widget=forms.HiddenInput)


class RegisterForm(PageForm):
    name = NameField()
    email = AddressField()
    password = NewPasswordField()


class InvitedForm(RegisterForm):
    """The address is the invitation's: shown, for password managers too, and not to be changed."""

    token = forms.CharField(max_length=200, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].widget.attrs["readonly"] = True


class EmailForm(PageForm):
    email = AddressField(autocomplete="email")


class ChangeEmailForm(PageForm):
    email = AddressField("New email address", autocomplete="email")


class TokenForm(PageForm):
    token = forms.CharField(max_length=200, widget=forms.HiddenInput)


class ResetForm(TokenForm):
    password = NewPasswordField("New password")


class ChangePasswordForm(PageForm):
    current_password = KnownPasswordField("Current password")
    new_password = NewPasswordField("New password")


class SetPasswordForm(PageForm):
    password = NewPasswordField("New password")


class ReauthenticateForm(PageForm):
    password = KnownPasswordField()
    next = forms.CharField(required=False, widget=forms.HiddenInput)


class ProfileForm(PageForm):
    name = NameField()
