"""Where a request comes from: the page that made it, the address behind it, and the way it came.

It refuses to know who asks. A browser says which page a request comes from (`Origin`); a program does not. A proxy on
this machine says for whom it asks (`X-Forwarded-For`) and how he came (`X-Forwarded-Proto`); from anyone else those
headers are hearsay and are not read.

Invariants: a foreign page never gets a connection, and never signs anybody in or out; nobody but this machine counts
as loopback; what may have left this machine is not taken for plain talk within it. Source: RFC 6454 (origins);
RFC 6455, section 10.2; RFC 6265, section 5.4 (loopback and `Secure`); protocol.md, "WebSocket".
"""

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias
from urllib.parse import urlsplit

HeadersNamed: TypeAlias = Callable[[str], Sequence[str]]
"""All values of the headers of a name, as WebSocket and HTTP requests both can give them."""
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

    def admits_page(self, origins: Sequence[str], hosts: Sequence[str]) -> bool:
        """Whether a page that may come in makes this request; one that names no origin is no page's."""
        return bool(origins) and self.admits(origins, hosts)


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


def is_plain_loopback(peer: str, scheme: str, headers: HeadersNamed) -> bool:
    """Whether a browser on this machine asks over plain HTTP, so that a cookie cannot be kept to secure connections.

    By the `Host` it asked for; a proxy on this machine may say that it speaks for somebody elsewhere, or over HTTPS.
    """
    hosts, forwarded = headers("Host"), headers("X-Forwarded-Proto")
    if forwarded and is_loopback(peer):
        scheme = _last(forwarded).lower()
    if scheme != "http" or len(hosts) != 1 or not _is_loopback_host(hosts[0].strip().lower()):
        return False
    return not is_loopback(peer) or is_loopback(address_behind(peer, headers("X-Forwarded-For")))


def _is_loopback_host(host: str) -> bool:
    place = _host_and_port(host, "http")
    return place is not None and (place[0] == "localhost" or is_loopback(place[0]))


def _last(values: Sequence[str]) -> str:
    """Return the last item of a header that is a list: what the proxy next to us has put there."""
    return values[-1].rpartition(",")[2].strip()


def address_behind(peer: str, forwarded: Sequence[str]) -> str:
    """Return for whom `peer` asks: the last address it names if it is a proxy on this machine, otherwise itself."""
    if not forwarded or not is_loopback(peer):
        return peer
    return _last(forwarded) or peer
