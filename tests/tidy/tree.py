"""The project's own files: what git tracks or would track. Paths are relative to the root."""

import ast
import io
import os
import shutil
import subprocess
import tokenize
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path("src/tallystick")


@cache
def project_files() -> tuple[Path, ...]:
    """Every file, in order; from git where there is git, else all that .gitignore lets through."""
    listed = _listed_by_git() or list(_walked())
    return tuple(sorted(path for path in listed if (ROOT / path).is_file()))


def files(folder: Path | str, suffix: str = ".py") -> list[Path]:
    """The files below a folder whose names end with `suffix`."""
    return [p for p in project_files() if p.is_relative_to(folder) and p.name.endswith(suffix)]


@cache
def text(path: Path) -> str:
    """What a file says; nothing if it is not text."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@cache
def syntax(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(text(path), filename=str(path))


@cache
def tokens(path: Path) -> tuple[tokenize.TokenInfo, ...]:
    """The tokens of a Python file, comments included."""
    return tuple(tokenize.generate_tokens(io.StringIO(text(path)).readline))


def listing(found: Iterable[str]) -> str:
    """The end of an assertion's message: one line for each thing found."""
    return "".join(f"\n  {line}" for line in found)


def _listed_by_git() -> list[Path]:
    git = shutil.which("git")
    if git is None:
        return []
    command = [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return [Path(name) for name in answer.stdout.split("\0") if name]


def _walked() -> Iterator[Path]:
    ignored = [".git", *(ROOT / ".gitignore").read_text(encoding="utf-8").split()]
    patterns = [pattern.strip("/") for pattern in ignored]
    for folder, subfolders, names in os.walk(ROOT):
        subfolders[:] = [name for name in subfolders if not _matches(name, patterns)]
        yield from (
            Path(folder, name).relative_to(ROOT) for name in names if not _matches(name, patterns)
        )


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)
