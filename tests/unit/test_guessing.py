"""How long somebody has to wait who guesses at passwords."""

from datetime import UTC, datetime, timedelta

import pytest

from tallystick.core.guessing import FORGOTTEN_AFTER, OF_EMAIL, Failures

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


def failures_in_a_row(count: int, *, free: int = OF_EMAIL) -> tuple[Failures, datetime]:
    """So many failures, each as soon as it is let; and when the last one was."""
    failures, at = Failures(), NOW
    for _ in range(count):
        at = max(at, failures.refused_until)
        failures = failures.after_attempt(at, free=free)
    return failures, at


@pytest.mark.parametrize(
    ("count", "seconds"),
    [(0, 0), (1, 0), (4, 0), (5, 60), (6, 120), (7, 240), (8, 480), (9, 900), (10, 900), (60, 900)],
)
def test_a_pause_is_twice_the_last_one_up_to_a_quarter_of_an_hour(count: int, seconds: int) -> None:
    failures, at = failures_in_a_row(count)
    assert failures.count == count
    assert failures.seconds_to_wait(at) == seconds


def test_a_place_shared_by_many_has_more_failures_free() -> None:
    failures, at = failures_in_a_row(19, free=20)
    assert failures.seconds_to_wait(at) == 0
    assert failures.after_attempt(at, free=20).seconds_to_wait(at) == 60


@pytest.mark.parametrize(
    ("after", "seconds"),
    [
        (timedelta(), 60),
        (timedelta(microseconds=1), 60),
        (timedelta(seconds=59, microseconds=1), 1),
        (timedelta(seconds=60), 0),
        (timedelta(days=1), 0),
    ],
)
def test_seconds_are_told_in_whole_and_never_too_few(after: timedelta, seconds: int) -> None:
    failures, at = failures_in_a_row(5)
    assert failures.seconds_to_wait(at + after) == seconds


def test_failures_are_forgotten_a_quarter_of_an_hour_after_the_last_pause() -> None:
    failures, _ = failures_in_a_row(9)
    over = failures.refused_until + FORGOTTEN_AFTER
    assert failures.after_attempt(over, free=OF_EMAIL).count == 10
    assert failures.after_attempt(over + timedelta(microseconds=1), free=OF_EMAIL).count == 1


def test_a_success_takes_back_its_own_attempt_and_no_other() -> None:
    failures, at = failures_in_a_row(20, free=20)
    after = failures.after_success(at)
    assert (after.count, after.seconds_to_wait(at)) == (19, 0)
    assert Failures().after_success(at).count == 0
