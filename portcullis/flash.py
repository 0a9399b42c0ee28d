"""Messages that survive one redirect, in a cookie with the prefix that all our cookies carry."""

from django.contrib.messages.storage.cookie import CookieStorage

from portcullis.conf import conf


class PrefixedCookieStorage(CookieStorage):
    """For MESSAGE_STORAGE: no session row for a visitor who has not logged in."""

    @property
    def cookie_name(self) -> str:  # type: ignore[override]
        return "__Host-messages" if conf().secure else "messages"
