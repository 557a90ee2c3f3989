"""Times of points in words."""

import pytest

from tallystick.web.durations import OWN, STARTS, time_options, time_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("immediate", "At once"),
        ("on_action", "When your shop activates them"),
        ("unlimited", "Never"),
        ("1D", "After 1 day"),
        ("36h", "After 36 hours"),
        ("12M_U", "After 12 months, at the end of the month"),
        ("2W_U", "After 2 weeks, at the end of the week"),
        ("1D_D", "After 1 day, at the start of the day"),
    ],
)
def test_a_time_is_told_in_words(text: str, words: str) -> None:
    assert time_words(text, locale="en") == words


def test_a_time_that_is_not_offered_is_offered_where_it_is_the_one_now() -> None:
    options = time_options(STARTS, "45D", locale="en")
    assert [value for value, _ in options] == [*STARTS, "45D", OWN]
