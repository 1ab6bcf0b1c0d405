"""Where a request comes from: the page that made it, and the address behind it.

It refuses to know who asks. A browser says which page a request comes from (`Origin`); a program does not. A proxy on
this machine says for whom it asks (`X-Forwarded-For`); from anyone else that header is hearsay and is not read.

Invariants: without an `Origin` a cookie is no identity; a foreign page never gets a connection; nobody but this
machine counts as loopback. Source: RFC 6454 (origins); RFC 6455, section 10.2; protocol.md, "WebSocket".
"""

import ipaddress
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


class Origins:
    """The pages that may connect: those of the server's own host, and those named."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self.allowed = frozenset(origin.strip().rstrip("/").lower() for origin in allowed if origin.strip())

    def admits(self, origins: Sequence[str], hosts: Sequence[str]) -> bool:
        """Whether a request with these `Origin` and `Host` headers may come in; one that names no origin may."""
        if not origins:
            return True
        if len(origins) > 1 or len(hosts) != 1:
            return False
        origin = origins[0].strip().lower()
        return origin in self.allowed or _is_own(origin, hosts[0].strip().lower())


def _is_own(origin: str, host: str) -> bool:
    scheme, separator, place = origin.partition("://")
    if not separator or scheme not in _DEFAULT_PORTS or not place:
        return False
    own = _host_and_port(host, scheme)
    return own is not None and own == _host_and_port(place, scheme)


def _host_and_port(place: str, scheme: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(f"//{place}")
        port = parts.port
    except ValueError:
        return None
    if parts.hostname is None or parts.netloc != place or "@" in place:
        return None
    return parts.hostname, _DEFAULT_PORTS[scheme] if port is None else port


def is_loopback(address: str) -> bool:
    """Whether this address is the machine itself; one that cannot be read is not."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback


def address_behind(peer: str, forwarded: Sequence[str]) -> str:
    """Return for whom `peer` asks: the last address it names if it is a proxy on this machine, otherwise itself."""
    if not forwarded or not is_loopback(peer):
        return peer
    return forwarded[-1].rpartition(",")[2].strip() or peer
