"""What Python code must not contain, beyond what the linter knows."""

import ast
import re
import tokenize
from pathlib import Path

import pytest

from tidy.tree import PACKAGE, files, listing, project_files, syntax, tokens

VAGUE = {"util", "utils", "common", "helper", "helpers", "misc", "models"}
SECONDS = re.compile(r"# seconds\b")

# Each kind of exception: how it looks, and how it looks with its reason.
EXCEPTIONS = [
    (re.compile(r"# (ruff: )?noqa"), re.compile(r"noqa: [A-Z]+\d+(, ?[A-Z]+\d+)* - \w")),
    (re.compile(r"# type: ?ignore"), re.compile(r"ignore\[[\w, -]+\]  # .*\w")),
    (re.compile(r"# pragma: no"), re.compile(r"no \w+ - \w")),
]


def test_imports_stand_at_the_top() -> None:
    found = [
        f"{path}:{node.lineno}"
        for path in files(PACKAGE)
        for function in ast.walk(syntax(path))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not found, (
        "move these imports to the top of the module; if that makes a circle, one of the two"
        f" modules knows too much:{listing(found)}"
    )


def test_modules_are_named_after_what_they_hold() -> None:
    code = [path for path in project_files() if path.suffix == ".py"]
    found = [str(path) for path in code if VAGUE & {path.stem, *path.parts}]
    assert not found, f"name these after the noun they are about:{listing(found)}"


@pytest.mark.parametrize(
    ("layer", "allowed"),
    [("core", None), ("store", SECONDS), ("services", SECONDS)],
    ids=["core", "store", "services"],
)
def test_no_float_where_points_are(layer: str, allowed: re.Pattern[str] | None) -> None:
    found = [
        f"{path}:{token.start[0]} {token.line.strip()}"
        for path in files(PACKAGE / layer)
        for token in tokens(path)
        if token.type == tokenize.NAME and token.string == "float"
        if allowed is None or not allowed.search(token.line)
    ]
    assert not found, (
        "points are whole hundredths (core/points.py); outside core, a float that counts seconds"
        f" says so behind it, `# seconds`:{listing(found)}"
    )


def test_exceptions_from_checks_have_a_reason() -> None:
    found = [
        f"{path}:{token.start[0]} {token.string}"
        for path in project_files()
        if path.suffix == ".py"
        for token in _comments(path)
        for kind, reasoned in EXCEPTIONS
        if kind.search(token.string) and not reasoned.search(token.string)
    ]
    assert not found, (
        "name the rule and the reason, `# noqa: S311 - jitter, not a secret` or"
        f" `# type: ignore[misc]  # the library has no types`:{listing(found)}"
    )


def _comments(path: Path) -> list[tokenize.TokenInfo]:
    return [token for token in tokens(path) if token.type == tokenize.COMMENT]
