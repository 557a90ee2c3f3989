"""docs/settings.md describes the settings, each with its default, and no others."""

from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from docs.documents import code, rows, sections
from tallystick.config import PREFIX, Settings, read_settings

(SECTION, *_) = sections(Path("docs/settings.md"))
ROWS = {code(name): (default, code(example)) for name, default, _, example in rows(SECTION)}
FIELDS = {f"{PREFIX}{each.name.upper()}": each for each in fields(Settings)}


def test_every_setting_is_described_and_no_other() -> None:
    assert list(ROWS) == list(FIELDS)


@pytest.mark.parametrize("name", FIELDS)
def test_a_default_is_the_one_of_the_code(name: str) -> None:
    default = FIELDS[name].default
    assert default is not MISSING
    told, _ = ROWS[name]
    assert told == ("none" if default is None else f"`{_written(default)}`")


def _written(default: object) -> str:
    return str(int(default) if isinstance(default, bool) else default)


@pytest.mark.parametrize("name", FIELDS)
def test_an_example_can_be_set_and_differs_from_the_default(name: str) -> None:
    _, example = ROWS[name]
    settings = read_settings({name: example})
    assert getattr(settings, FIELDS[name].name) != FIELDS[name].default
