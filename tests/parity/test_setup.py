"""`bin/setup test` wants Node.js, as tests that cannot run are never left out in silence."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tidy.tree import ROOT

TOOLS = ("cat", "cksum", "dirname", "flock", "sh")
CURE = (
    "setup: the tests run official clients in Node.js 18 or newer with npm, found {found};"
    " install both, on Debian: apt-get install nodejs npm\n"
)
OLD_NODE = '#!/bin/sh\n[ "$1" = --version ] && echo v16.20.2\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of commands without Node.js."""
    for name in TOOLS:
        if found := shutil.which(name):
            (tmp_path / name).symlink_to(found)
    return tmp_path


def set_up(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "bin/setup", "test"],
        env={"PATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_node_it_says_what_to_install(folder: Path) -> None:
    outcome = set_up(folder)
    assert outcome.returncode == 1
    assert outcome.stderr == CURE.format(found="no Node.js")


def test_with_an_old_node_it_says_which(folder: Path) -> None:
    (folder / "node").write_text(OLD_NODE)
    (folder / "node").chmod(0o755)
    outcome = set_up(folder)
    assert outcome.returncode == 1
    assert outcome.stderr == CURE.format(found="v16.20.2")
