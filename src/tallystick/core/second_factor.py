"""A second factor: six digits that an app shows for half a minute each, beside the password.

The digits follow from a secret and the number of the half minute, its step (RFC 6238). A phone's
clock may be a step off. Whoever has lost the phone has recovery codes, each of them good once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

STEP_SECONDS = 30
DRIFT = 1  # steps, each way
DIGITS = 6
SETUP_LIFE = timedelta(minutes=15)
SIGN_IN_LIFE = timedelta(minutes=5)

RECOVERY_CODES = 10
RECOVERY_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
RECOVERY_GROUPS, RECOVERY_GROUP = 3, 4  # 59 bits

CODE_LENGTH_MAX = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactor:
    """Whether somebody has a second factor. since: None if not; codes_left: recovery codes."""

    since: datetime | None = None
    codes_left: int = 0


def steps_at(now: datetime) -> list[int]:
    """The steps whose digits hold, the oldest first."""
    step = int(now.timestamp()) // STEP_SECONDS
    return list(range(step - DRIFT, step + DRIFT + 1))


def bare(code: str) -> str:
    """A code as it is compared: without spaces and hyphens, in small letters."""
    return "".join(code[:CODE_LENGTH_MAX].split()).replace("-", "").lower()


def is_from_app(code: str) -> bool:
    """Whether a bare code can be one that an app shows."""
    return len(code) == DIGITS and code.isascii() and code.isdigit()


def grouped(text: str, size: int = 4) -> str:
    """A text in groups that people can read off: `abcd efgh ij`."""
    return " ".join(text[start : start + size] for start in range(0, len(text), size))
