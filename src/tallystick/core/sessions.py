"""How long sessions last, and what is known of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

BEARER_LIFE = timedelta(days=90)  # the contract's three months
BROWSER_LIFE = timedelta(days=14)
BROWSER_IDLE = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)
USER_AGENT_LENGTH_MAX = 200


class SessionKind(Enum):
    """What holds the token: a program, or a browser."""

    BEARER = "bearer"
    BROWSER = "browser"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """Somebody who is signed in somewhere. address: of the network, None if it is not known."""

    session_id: int
    kind: SessionKind
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str | None
    user_agent: str


def expiry_of(kind: SessionKind, *, created_at: datetime, seen_at: datetime) -> datetime:
    """When the session ends, unless it is seen again before."""
    if kind is SessionKind.BEARER:
        return created_at + BEARER_LIFE
    return min(created_at + BROWSER_LIFE, seen_at + BROWSER_IDLE)
