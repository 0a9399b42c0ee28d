"""A user agent as a person would call it: "Firefox on Windows"."""

import functools

from ua_parser import parse

UNKNOWN = "Unknown device"


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
