"""What can be done to a session, as verbs."""

from tokens.flows.open_session import open_session
from tokens.flows.renew import renew
from tokens.flows.revoke import revoke, revoke_all
from tokens.flows.rotate import check_refresh, decode_refresh, rotate
from tokens.flows.slide import slide

__all__ = [
    "check_refresh",
    "decode_refresh",
    "open_session",
    "renew",
    "revoke",
    "revoke_all",
    "rotate",
    "slide",
]
