"""Request bodies of accounts: shape and field validity, nothing else."""

from rest_framework import serializers

from accounts import addresses
from accounts.passwords import MAX_LENGTH
from accounts.validators import OF_AN_ADDRESS
from portcullis.parsing import Body, Text
from portcullis.validators import no_control_characters
from tokens.models import Transport


class AddressField(Text, serializers.EmailField):
    def __init__(self) -> None:
        super().__init__(
            max_length=addresses.MAX_LENGTH,
            validators=OF_AN_ADDRESS,
        )


class PasswordField(Text):
    """Byte for byte as typed: nothing trimmed (ASVS 6.2.8)."""

    def __init__(self) -> None:
        super().__init__(max_length=MAX_LENGTH, trim_whitespace=False)


class NameField(Text):
    """As people write names; no control characters, which forge lines wherever it is shown."""

    def __init__(self, *, required: bool = True) -> None:
        super().__init__(max_length=150, required=required, validators=[no_control_characters])


class LinkField(Text):
    def __init__(self) -> None:
        super().__init__(max_length=200)


class RegisterBody(Body):
    email = AddressField()
    password = PasswordField()
    name = NameField()
    invitation = Text(max_length=200, required=False)


class InvitationBody(Body):
    email = AddressField()
    roles = serializers.ListField(child=Text(max_length=50), max_length=50, default=list)


class EmailBody(Body):
    email = AddressField()


class LoginBody(Body):
    email = AddressField()
    password = PasswordField()
    remember_me = serializers.BooleanField(default=False)
    transport = serializers.ChoiceField(
        Transport.choices,
        default=Transport.COOKIE,
        error_messages={"invalid_choice": "Choose cookie, hybrid or bearer."},
    )
    device_token = Text(max_length=512, required=False)
    trusted_device_token = Text(max_length=512, required=False)


class TokenBody(Body):
    token = LinkField()


class ResetPasswordBody(Body):
    token = LinkField()
    password = PasswordField()


class ChangePasswordBody(Body):
    current_password = PasswordField()
    new_password = PasswordField()


class SetPasswordBody(Body):
    password = PasswordField()


class ReauthenticateBody(Body):
    password = PasswordField()


class ProfileBody(Body):
    name = NameField(required=False)
