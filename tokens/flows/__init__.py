"""What can be done to a session, as verbs."""

from tokens.flows.open_session import open_session
from tokens.flows.renew import renew
from tokens.flows.revoke import revoke, revoke_all
from tokens.flows.rotate import read, rotate

__all__ = ["open_session", "read", "renew", "revoke", "revoke_all", "rotate"]
