"""Proxies in front of us: whose word is taken on who the client is, and how it came.

Headers that name a client count only if the connection comes from a trusted proxy, and of them only
what trusted proxies added: the rightmost address that is not theirs is the client's.
"""

from ipaddress import IPv4Network, IPv6Network, ip_address

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

Networks = tuple[IPv4Network | IPv6Network, ...]


def trusting_proxies(app: ASGIApp, trusted: Networks) -> ASGIApp:
    """The application, which is told the client that trusted proxies speak for."""
    if not trusted:
        return app

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        if scope["type"] == "http" and client and is_among(client[0], trusted):
            scope = {**scope, **_told(scope, client, trusted)}
        await app(scope, receive, send)

    return wrapped


def is_among(address: str, networks: Networks) -> bool:
    """Whether an address belongs to one of the networks; what is no address does not."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in network for network in networks)


def _told(scope: Scope, client: tuple[str, int], trusted: Networks) -> Scope:
    headers = Headers(scope=scope)
    told: Scope = {}
    addresses = _words(headers.getlist("X-Forwarded-For"))
    if addresses:
        told["client"] = (_client(addresses, trusted) or client[0], 0)
    schemes = _words(headers.getlist("X-Forwarded-Proto"))
    if schemes and schemes[-1] in {"http", "https"}:
        told["scheme"] = schemes[-1]
    return told


def _words(lines: list[str]) -> list[str]:
    return [word.strip() for line in lines for word in line.split(",") if word.strip()]


def _client(addresses: list[str], trusted: Networks) -> str | None:
    """The rightmost address that is no trusted proxy's; None if what stands there is no address."""
    for address in reversed(addresses):
        if not is_among(address, trusted):
            return address if _is_address(address) else None
    return addresses[0]


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
