"""Where an address is, as far as a MaxMind DB file says that the operator provides."""

import functools
import importlib
import logging
from typing import Any

from portcullis.conf import conf

logger = logging.getLogger("portcullis.places")

FAULTS = (ImportError, OSError, ValueError, RuntimeError, AttributeError, TypeError)


def place_of(ip: str | None) -> str:
    """City and country, or as much as is known of them; nothing without a file or for an address
    that it does not know."""
    if not ip or not conf().GEOIP_DATABASE:
        return ""
    try:
        found = reader(conf().GEOIP_DATABASE).get(ip) or {}
        names = [found.get(part, {}).get("names", {}).get("en", "") for part in ("city", "country")]
    except FAULTS as error:  # no reason to withhold a page
        logger.warning("no place for an address: %s", error)
        return ""
    return ", ".join(filter(None, names))


@functools.lru_cache(maxsize=1)
def reader(path: str) -> Any:
    """The open file. Raises ImportError without the package maxminddb, OSError where there is no
    such file, RuntimeError (its InvalidDatabaseError) where that has another format."""
    return importlib.import_module("maxminddb").open_database(path)
