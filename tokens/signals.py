"""What happened to sessions and keys. Sent inside the transaction of the fact, by name in the
past tense; receivers take `**kwargs`."""

from django.dispatch import Signal

session_opened = Signal()
"""A login became a session. Arguments: session, client, new_device (its user had sessions before,
and none with this user agent)."""

session_refreshed = Signal()
"""A refresh was answered. Arguments: session, client, rotated (False: answered in the grace)."""

session_revoked = Signal()
"""A session was ended before its time. Arguments: session_id, user_id, reason."""

reuse_detected = Signal()
"""An old refresh token came back: somebody has a copy. Arguments: session, client, generation."""

signing_key_created = Signal()
"""A key joined the ring. Arguments: kid, algorithm."""

signing_key_rotated = Signal()
"""Another key signs from now on. Arguments: kid, former (the kid that signed until now, or "")."""

signing_keys_refused = Signal()
"""Keys are refused at once, since somebody else may know them. Arguments: kids."""
