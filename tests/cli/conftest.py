"""Commands that are run on a database of the test's own."""

import io
import sys
from pathlib import Path

import pytest

from cli.harness import POINTS, Outcome, Tallystick, opened, runtime
from tallystick.cli.app import run_app


@pytest.fixture
def tallystick(
    database_url: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> Tallystick:
    """Runs a command in this process."""
    folder = tmp_path_factory.mktemp("imports")

    def run(*arguments: str, stdin: str = "") -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        code = run_app(runtime(lambda: opened(database_url, folder)), list(arguments))
        out, err = capsys.readouterr()
        return Outcome(code, out, err)

    return run


@pytest.fixture
def groceries(tallystick: Tallystick, tmp_path: Path) -> Tallystick:
    """The same, with a program named Groceries, whose id is 1, and four imported rows."""
    file = tmp_path / "points.csv"
    file.write_text(POINTS, encoding="utf-8")
    made = tallystick(
        "program", "create", "--name", "Groceries", "--timezone", "America/New_York",
        "--allow-subledger", "--return-policy", "unlimited",
    )  # fmt: skip
    assert (made.code, made.out) == (0, "1\n")
    imported = tallystick("import", "points", str(file), "--program", "Groceries")
    assert imported.code == 0, imported.err
    return tallystick
