"""How guessing at passwords is slowed down.

Attempts are counted for each e-mail address and for each network address. An attempt counts as a
failure from its beginning until it has succeeded, so many at once are no way round the count.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

FORGOTTEN_AFTER = timedelta(minutes=15)
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=15)
OF_EMAIL = 5  # failures that are free
OF_ADDRESS = 20  # an office full of people shares one

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """How often somebody failed in a row, when last, and until when nothing more is tried."""

    count: int = 0
    last_at: datetime = _LONG_AGO
    refused_until: datetime = _LONG_AGO

    def seconds_to_wait(self, now: datetime) -> int:
        """How many whole seconds from now nothing is tried; 0 if something is."""
        left = self.refused_until - now
        return max(0, -(-left // timedelta(seconds=1)))

    def after_attempt(self, now: datetime, *, free: int) -> "Failures":
        """One failure more; from the `free`th on each is followed by a pause, twice the last one.

        A failure that follows the last one, or the end of its pause, by more than FORGOTTEN_AFTER
        is the first again.
        """
        since = max(self.last_at, self.refused_until)
        count = 1 if now - since > FORGOTTEN_AFTER else self.count + 1
        if count < free:
            return Failures(count=count, last_at=now)
        doublings = min(count - free, 10)  # far beyond the longest pause
        pause = min(FIRST_PAUSE * 2**doublings, LONGEST_PAUSE)
        return Failures(count=count, last_at=now, refused_until=now + pause)

    def after_success(self, now: datetime) -> "Failures":
        """The attempt that was counted was none; those before it stay."""
        return Failures(count=max(0, self.count - 1), last_at=now)
