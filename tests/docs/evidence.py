"""Tests that documents name as their evidence."""

import ast
import re
from pathlib import Path

from tidy.tree import syntax

_TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def named_tests(text: str) -> list[tuple[Path, str]]:
    """File and name of each test that is named; the name is empty where it is the whole file."""
    return [(Path(path), name) for path, name in _TEST.findall(text)]


def is_there(path: Path, name: str) -> bool:
    """Whether there is that test; without a name, that file."""
    if not path.exists():
        return False
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return not name or any(
        isinstance(node, functions) and node.name == name for node in ast.walk(syntax(path))
    )
