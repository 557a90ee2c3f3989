"""Signing in at an OpenID provider: what is set, who comes back, and the limits."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

START_LIFE = timedelta(minutes=10)
STARTS_MAX = 100  # from one address that are not back yet; an office may share one
CALLBACK = "/login/openid/callback"
NAME = "single sign-on"
NAME_LENGTH_MAX = 60
SUBJECT_LENGTH_MAX = 255  # as the standard has it


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIdSettings:
    """The provider, who we are to it, and what the button says.

    redirect_uri: the address that the provider sends browsers back to.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    name: str = NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Whom the provider has let in. email: only one that it says is theirs, else empty."""

    subject: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A user as a provider knows them. email: what it said when they were connected, or empty."""

    issuer: str
    subject: str
    email: str
    connected_at: datetime


def is_safe(address: str) -> bool:
    """Whether what is sent to an address cannot be read on the way: https, or this machine."""
    try:
        parts = urlsplit(address)
        _ = parts.port  # which refuses what is no number
    except ValueError:
        return False
    if not parts.hostname or parts.username is not None or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_this_machine(parts.hostname))


def is_this_machine(host: str) -> bool:
    """Whether it is an address or a name that no network leads to."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
