"""A user agent as a person would call it: "Firefox on Windows"."""

import functools

from ua_parser import parse

UNKNOWN = "Unknown device"
BROWSERS = frozenset(
    {
        *("Chrome", "Chrome Mobile", "Chrome Mobile iOS", "Chrome Mobile WebView", "Chromium"),
        *("Firefox", "Firefox Mobile", "Firefox iOS", "Safari", "Mobile Safari"),
        *("Mobile Safari UI/WKWebView", "Edge", "Edge Mobile", "Opera", "Opera Mobile", "Brave"),
        *("Vivaldi", "Samsung Internet", "DuckDuckGo Mobile", "MiuiBrowser", "Yandex Browser"),
        *("UC Browser", "IE", "curl", "okhttp", "Python Requests", "axios"),
    }
)
SYSTEMS = frozenset(
    {
        *("Windows", "Mac OS X", "Linux", "Ubuntu", "Fedora", "Debian", "Chrome OS", "FreeBSD"),
        *("Android", "iOS", "KaiOS", "HarmonyOS", "Tizen"),
    }
)


@functools.lru_cache(maxsize=1024)
def device_label(user_agent: str) -> str:
    if not user_agent:
        return UNKNOWN
    found = parse(user_agent)
    browser = found.user_agent and found.user_agent.family
    system = found.os and found.os.family
    if not browser and not system:
        return user_agent.split("/", maxsplit=1)[0][:40] or UNKNOWN
    return " on ".join(part for part in (browser, system) if part)


def plain_label(user_agent: str) -> str:
    """The same for mail, of common names only: in most others a user agent can put its own words,
    such as where to call."""
    found = parse(user_agent)
    browser = found.user_agent and found.user_agent.family
    system = found.os and found.os.family
    parts = {browser} & BROWSERS, {system} & SYSTEMS
    return " on ".join(name for part in parts for name in part if name) or UNKNOWN
