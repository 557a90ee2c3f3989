"""Tests of the pages never run without a browser, and say what to do where there is none."""

from pathlib import Path

import pytest

from web.chromium import CURE, NAMES, find


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which commands are looked for."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def command(path: Path) -> str:
    path.touch(mode=0o755)
    return str(path)


@pytest.mark.parametrize("name", NAMES)
def test_the_machines_own_browser_comes_first(folder: Path, name: str) -> None:
    own, fetched = command(folder / name), command(folder / "fetched")
    assert find(fetched) == own


def test_the_fetched_one_serves_where_there_is_no_other(folder: Path) -> None:
    fetched = command(folder / "fetched")
    assert find(fetched) == fetched


def test_without_any_it_says_what_to_install(folder: Path) -> None:
    with pytest.raises(RuntimeError) as refusal:
        find(str(folder / "missing"))
    assert str(refusal.value) == CURE
