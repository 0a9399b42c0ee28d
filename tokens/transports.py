"""Which transports operators leave open."""

from portcullis.switches import Door, is_off
from tokens.errors import BearerOff
from tokens.models import Transport


def check_open(transport: str) -> None:
    """To be called wherever a session is opened, or gets fresh tokens. Raises BearerOff."""
    if transport == Transport.BEARER and is_off(Door.BEARER):
        raise BearerOff(Door.BEARER.value)
