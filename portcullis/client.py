"""Who is calling, as far as a server can know: a frozen value that flows take, not a request."""

import dataclasses
import functools
import ipaddress

from django.http import HttpRequest

from portcullis.conf import conf

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
MAX_USER_AGENT = 400


@dataclasses.dataclass(frozen=True, slots=True)
class Client:
    """The caller's address, user agent and the id of the request."""

    ip: str | None = None
    user_agent: str = ""
    request_id: str = ""

    @classmethod
    def of(cls, request: HttpRequest) -> "Client":
        return cls(
            ip=client_ip(request),
            user_agent=_printable(request.META.get("HTTP_USER_AGENT", ""))[:MAX_USER_AGENT],
            request_id=getattr(request, "request_id", ""),
        )


def client_ip(request: HttpRequest) -> str | None:
    """The address nearest to us that is not a trusted proxy.

    X-Forwarded-For is read from the right and only as far as trusted proxies wrote it: whatever
    a client put there itself stands further left and counts for nothing.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if not is_trusted_proxy(address):
        return _normal(address)
    for hop in reversed(request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")):
        address = hop.strip() or address
        if not is_trusted_proxy(address):
            break
    return _normal(address)


def is_trusted_proxy(address: str) -> bool:
    networks = _networks(conf().TRUSTED_PROXIES)
    if not networks or (normal := _normal(address)) is None:
        return False
    ip = ipaddress.ip_address(normal)
    return any(ip in network for network in networks)


@functools.lru_cache(maxsize=4)
def _networks(proxies: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(proxy, strict=False) for proxy in proxies)


def _normal(address: str) -> str | None:
    """One spelling for each address; None for what is no address. IPv4-mapped IPv6 is IPv4."""
    try:
        ip = ipaddress.ip_address(address.split("%", maxsplit=1)[0])
    except ValueError:
        return None
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return str(ip)


def _printable(text: str) -> str:
    """Drop what could forge a log line or break a text column."""
    return "".join(char for char in text if char.isprintable())
