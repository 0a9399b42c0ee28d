"""What can be done to a session, as verbs."""

from tokens.flows.introspect import introspect
from tokens.flows.keys import prepare_next_key, replace_compromised_keys, rotate_key, safe_from
from tokens.flows.open_session import open_session
from tokens.flows.renew import renew
from tokens.flows.revoke import revoke, revoke_all, revoke_in_batches
from tokens.flows.rotate import check_refresh, decode_refresh, rotate
from tokens.flows.slide import slide

__all__ = [
    "check_refresh",
    "decode_refresh",
    "introspect",
    "open_session",
    "prepare_next_key",
    "renew",
    "replace_compromised_keys",
    "revoke",
    "revoke_all",
    "revoke_in_batches",
    "rotate",
    "rotate_key",
    "safe_from",
    "slide",
]
