"""What an address may be made of, for bodies and forms alike."""

from django.core.exceptions import ValidationError

from accounts import addresses
from portcullis.validators import no_control_characters


def within_bounds(email: str) -> None:
    """Some characters lower or fold into many; each form has its column."""
    if max(map(len, (addresses.normalize(email), addresses.fold(email)))) > addresses.MAX_LENGTH:
        raise ValidationError("This address is too long.", code="max_length")


def mailable(email: str) -> None:
    """A domain that no mail server could be asked for fails here, not in the worker."""
    try:
        addresses.normalize(email).rpartition("@")[2].encode("idna")
    except UnicodeError as error:
        raise ValidationError("Enter a valid email address.", code="invalid") from error


OF_AN_ADDRESS = (within_bounds, no_control_characters, mailable)
"""Beside what makes an e-mail address one in Django's eyes."""
