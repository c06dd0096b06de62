"""Who is at the other end: address and scheme, believing forwarded headers from configured proxies only."""

import ipaddress
from collections.abc import Iterator, Sequence

from starlette.datastructures import Headers
from starlette.types import Scope

Networks = Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]
LOOPBACK = "127.0.0.1"
UNKNOWN = "unknown"
HOUSEHOLD_PREFIX = 64


def peer_address(scope: Scope, proxies: Networks) -> str:
    """The client's IP address: the connection's own, or what the nearest untrusted hop was, seen by trusted proxies (right to left).

    The web server may have put a forwarded address in place of 127.0.0.1 already (uvicorn's default): that is taken back first, so that
    nobody chooses an address for themselves.
    """
    client = scope.get("client")
    hops = list(_forwarded(scope))
    nearest = _plain(client[0]) if client else UNKNOWN
    if nearest in hops:
        nearest = LOOPBACK
    while hops and _trusted(nearest, proxies):
        nearest = hops.pop()
    return nearest


def throttle_key(address: str) -> str:
    """The form in which sign-in throttling counts an address: IPv6 by household (/64), since one machine has very many of them."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return UNKNOWN
    return address if parsed.version == 4 else str(ipaddress.ip_network((parsed, HOUSEHOLD_PREFIX), strict=False))


def is_https(scope: Scope, proxies: Networks) -> bool:
    """Whether the browser's connection is encrypted: this one, or the one a trusted proxy says it received."""
    if scope.get("scheme") in ("https", "wss"):
        return True
    client = scope.get("client")
    told = Headers(scope=scope).get("x-forwarded-proto", "").split(",")[-1].strip().lower()
    return client is not None and told == "https" and _trusted(_plain(client[0]), proxies)


def _forwarded(scope: Scope) -> Iterator[str]:
    for line in Headers(scope=scope).getlist("x-forwarded-for"):
        yield from (_plain(hop) for hop in line.split(","))


def _plain(hop: str) -> str:
    """An address without port and brackets; "unknown" for what is no address."""
    text = hop.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return UNKNOWN
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped or parsed)


def _trusted(address: str, proxies: Networks) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in proxies)
