"""docs/security.md names tests that are there."""

import ast
import re
from pathlib import Path

from tidy.tree import listing, syntax, text

PAGE = Path("docs/security.md")
_TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def test_every_test_that_is_named_is_there() -> None:
    named = _TEST.findall(text(PAGE))
    assert len(named) > 40
    missing = [f"{path}::{name}" for path, name in named if not _is_there(Path(path), name)]
    assert not missing, f"correct these in {PAGE}:{listing(missing)}"


def _is_there(path: Path, name: str) -> bool:
    if not path.exists():
        return False
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return not name or any(
        isinstance(node, functions) and node.name == name for node in ast.walk(syntax(path))
    )
