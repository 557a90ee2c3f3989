"""The commands in the documents do what the documents say, on a real server."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from docs.documents import Example, examples, settled
from docs.shell import Printed, serving

# Each document has a server of its own, started with these settings.
RUN = [
    pytest.param("README.md", {}, id="README"),
    pytest.param("docs/api.md", {"TALLYSTICK_DEMO": "0"}, id="api"),
    pytest.param("docs/cli.md", {"TALLYSTICK_DEMO": "0"}, id="cli"),
    pytest.param("docs/operations.md", {"TALLYSTICK_DEMO": "0"}, id="operations"),
]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the account of PostgreSQL can reach, also when we are root."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.parametrize(("path", "settings"), RUN)
def test_examples_print_what_is_shown(path: str, settings: dict[str, str], folder: Path) -> None:
    told = list(examples(Path(path)))
    with serving(folder, **settings) as shell:
        printed = shell.run([example.commands.body for example in told])
    for example, got in zip(told, printed, strict=True):
        _check(path, example, got)


def _check(path: str, example: Example, got: Printed) -> None:
    where = f"{path}:{example.commands.line}"
    assert got.status == 0, f"{where} ended with {got.status}:\n{got.text}"
    if example.shown is not None:
        language = example.shown.language
        assert settled(example.shown.body, language) == settled(got.text, language), where
