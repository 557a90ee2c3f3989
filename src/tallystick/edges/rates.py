"""How many requests a second one key or session may send to this process.

Each has a bucket that holds a second's requests and fills up steadily. Buckets are found by what a
request shows, right or wrong, so guessing is slowed down as well.
"""

import math
import time
from http import HTTPStatus

from cachetools import LRUCache
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from tallystick.edges.noting import note_refused
from tallystick.edges.refusals import refusal

CALLERS_MAX = 10_000
NOTED_EVERY = 60  # seconds


def limited_rates(app: ASGIApp, *, per_second_max: int) -> ASGIApp:
    """The application, which is asked no more often than that by one caller; 0 is no limit."""
    if not per_second_max:
        return app
    rates = _Rates(per_second_max)

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        is_request = scope["type"] == "http"
        caller = _caller(scope) if is_request else ""
        seconds = rates.wait(caller) if is_request else 0
        if not seconds:
            await app(scope, receive, send)
            return
        if rates.is_new(caller):
            note_refused(scope, "too_many_requests")
        text = f"more than {per_second_max} requests a second; send the next one later"
        headers = {"Retry-After": str(math.ceil(seconds))}
        await refusal(HTTPStatus.TOO_MANY_REQUESTS, text, headers)(scope, receive, send)

    return wrapped


class _Rates:
    """When each caller's bucket would be full again, in seconds of the process's clock."""

    def __init__(self, per_second_max: int) -> None:
        self._each = 1 / per_second_max
        self._full_at: LRUCache[int, float] = LRUCache(CALLERS_MAX)
        self._noted_at: LRUCache[int, float] = LRUCache(CALLERS_MAX)

    def wait(self, caller: str) -> float:
        """0, and one request taken from the bucket, or the seconds until there is one in it."""
        now, name = time.monotonic(), hash(caller)
        full_at = max(self._full_at.get(name, now), now) + self._each
        if full_at - now > 1 + self._each / 2:
            return full_at - now - 1
        self._full_at[name] = full_at
        return 0

    def is_new(self, caller: str) -> bool:
        """Whether to say that the caller waits: once a minute, or the log would be flooded too."""
        now, name = time.monotonic(), hash(caller)
        if now - self._noted_at.get(name, -NOTED_EVERY) < NOTED_EVERY:
            return False
        self._noted_at[name] = now
        return True


def _caller(scope: Scope) -> str:
    """The credentials that came along, or else the address."""
    shown = Headers(scope=scope).get("authorization")
    client = scope.get("client")
    return shown or (client[0] if client else "")
