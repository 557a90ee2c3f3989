"""What was looked up a moment ago, so that every request need not look it up again."""

from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from cachetools import TTLCache

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Remembered(Generic[Key, Value]):
    """Values by their keys, each for a second.

    So what another process changes is seen a second later at the most; what this process changes,
    it has to be told to forget.
    """

    def __init__(self) -> None:
        self._known: TTLCache[Key, Value] = TTLCache(maxsize=10_000, ttl=1)
        self._forgettings = 0

    async def get(self, key: Key, look_up: Callable[[], Awaitable[Value]]) -> Value:
        """The value, looked up unless it is remembered. Errors: those of the look-up."""
        value = self._known.get(key)
        if value is None:
            before = self._forgettings
            value = await look_up()
            if before == self._forgettings:  # else it may have been read just before it changed
                self._known[key] = value
        return value

    def forget(self, key: Key) -> None:
        """Look the value up the next time."""
        self._forgettings += 1
        self._known.pop(key, None)

    def forget_all(self, unwanted: Callable[[Value], bool]) -> None:
        """Look up every value of which this is true."""
        self._forgettings += 1
        for key, value in list(self._known.items()):
            if unwanted(value):
                self._known.pop(key, None)
