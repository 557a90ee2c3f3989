"""The histories that are tried out: steps, and the strategies that draw them.

Amounts, instants and durations come from a few that are likely to meet, so that deductions take
exactly what is there, lots start or expire at one instant, and the clock lands on both.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from hypothesis import strategies as st

from tallystick.core.validity import render_instant

ORIGIN = datetime(2026, 3, 27, 12, 30, tzinfo=UTC)  # two days before Berlin's clocks go forward
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
ZERO = timedelta(0)

MEMBERS = ("ann", "ben", "cleo")
OWING, STRICT = "owing", "strict"  # programs: in the first points may be owed
STORE = "store-7"


@dataclass(frozen=True, slots=True)
class Add:
    """Add points; start and expiry as they are written, "" for the program's default."""

    member: str
    program: str
    subledger: str
    points: int
    start: str
    expiry: str


@dataclass(frozen=True, slots=True)
class Deduct:
    """Deduct points."""

    member: str
    program: str
    subledger: str
    points: int


@dataclass(frozen=True, slots=True)
class Post:
    """Post a batch, by a clock that is `behind`."""

    batch: tuple[Add | Deduct, ...]
    behind: timedelta


@dataclass(frozen=True, slots=True)
class Again:
    """Send a posting of the last batch once more, with the key it had."""

    index: int


@dataclass(frozen=True, slots=True)
class Import:
    """Import a file with these additions, all for the first one's program."""

    rows: tuple[Add, ...]


@dataclass(frozen=True, slots=True)
class Undo:
    """Undo one of the last imports, counted back; with `below_zero`, deduct what was spent."""

    back: int
    below_zero: bool


@dataclass(frozen=True, slots=True)
class Activate:
    """Activate all points of a member that wait for it."""

    member: str
    program: str


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete a member's transactions in a subledger, or in all of a program if it is None."""

    member: str
    program: str
    subledger: str | None


@dataclass(frozen=True, slots=True)
class Wait:
    """Let time pass."""

    time: timedelta


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """Let time pass until so many more instants have come at which a balance can change."""

    boundaries: int
    before: timedelta


Item = TypeVar("Item")
Step = Post | Again | Import | Undo | Activate | Delete | Wait | WaitUntil

members = st.sampled_from(("ann", "ann", "ann", "ben", "cleo"))
subledgers = st.sampled_from(("", "", "", STORE))
more = st.sampled_from((20_00, 30_00, 50_00, 50_00, 100_00, 12_34))
less = st.sampled_from((10_00, 20_00, 20_00, 30_00, 50_00, 80_00, 1))
instants = st.integers(-3, 20).map(lambda days: render_instant(ORIGIN + days * DAY))
words = st.sampled_from(("1D", "2D", "3D_U", "1W", "1M", "12h", "5D_D"))

starts = st.sampled_from(("immediate", "immediate", "on_action", "")) | instants | words
expiries = st.sampled_from(("unlimited", "unlimited", "")) | instants | words
starts_in_files = st.sampled_from(("immediate", "on_action")) | instants
expiries_in_files = st.just("unlimited") | instants | words

behind = st.sampled_from((0, 0, 0, 0, 1, 3600)).map(lambda seconds: timedelta(seconds=seconds))
times = st.sampled_from((TICK, timedelta(seconds=1), timedelta(hours=12), DAY, 7 * DAY, 31 * DAY))
until = st.builds(WaitUntil, st.integers(1, 3), st.sampled_from((ZERO, ZERO, TICK)))


def _steps(programs: st.SearchStrategy[str]) -> st.SearchStrategy[Step]:
    """Steps in these programs; the most are postings, as they are in life."""
    additions = st.builds(Add, members, programs, subledgers, more, starts, expiries)
    deductions = st.builds(Deduct, members, programs, subledgers, less)
    batch = st.lists(additions | deductions, min_size=1, max_size=4).map(tuple)
    rows = st.builds(Add, members, programs, subledgers, more, starts_in_files, expiries_in_files)
    return _weighted(
        (6, st.builds(Post, batch, behind)),
        (2, until),
        (1, st.builds(Wait, times)),
        (1, st.builds(Import, st.lists(rows, min_size=1, max_size=5).map(tuple))),
        (1, st.builds(Undo, st.sampled_from((0, 0, 0, 1, 2)), st.booleans())),
        (1, st.builds(Again, st.integers(0, 3))),
        (1, st.builds(Activate, members, programs)),
        (1, st.builds(Delete, members, programs, subledgers | st.none())),
    )


def _weighted(*choices: tuple[int, st.SearchStrategy[Step]]) -> st.SearchStrategy[Step]:
    """Draw from the strategies, from each as often as its number says."""
    drawn = [strategy for weight, strategy in choices for _ in range(weight)]
    return st.integers(0, len(drawn) - 1).flatmap(drawn.__getitem__)


def long_lists(items: st.SearchStrategy[Item]) -> st.SearchStrategy[list[Item]]:
    """Lists of fifteen items on average; drawn as three, they still shrink to nothing."""
    part = st.lists(items, max_size=10)
    return st.tuples(part, part, part).map(lambda parts: [item for part in parts for item in part])


# A member who owes points anywhere is handled with more care, so some histories owe nothing.
histories = long_lists(_steps(st.sampled_from((OWING, OWING, STRICT)))) | long_lists(
    _steps(st.just(STRICT))
)
