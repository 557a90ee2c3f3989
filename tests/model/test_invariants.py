"""`docs/invariants.md` names every check, and no check, constraint or test that is not there."""

import re
from itertools import chain

import pytest

from tallystick.services.verify import CHECKS
from tidy.tree import PACKAGE, ROOT, files, text

PAGE = (ROOT / "docs" / "invariants.md").read_text(encoding="utf-8")
APPENDED = {"transaction_", "allocation", "reversal", "idempotency", "change"}
APPENDED |= {"point_import", "import_undo"}
ERASURE = "erasure.sql"  # moves a person's entries to a holder that nobody can name


def named(word: str) -> set[str]:
    """What stands in backquotes on the lines that begin with this word."""
    lines = re.findall(rf"^- {word}(.*)$", PAGE, re.MULTILINE)
    return set(chain.from_iterable(re.findall(r"`([\w./]+)`", line) for line in lines))


def test_the_eight_invariants_are_numbered() -> None:
    assert re.findall(r"^## (\d)\. ", PAGE, re.MULTILINE) == list("12345678")


def test_every_check_belongs_to_an_invariant() -> None:
    assert set(CHECKS) == named("Checked by")


@pytest.mark.parametrize("name", sorted(named("Held by")))
def test_what_holds_an_invariant_is_there(name: str) -> None:
    sql = "".join(text(path) for path in files(PACKAGE / "store" / "migrations", ".sql"))
    core = text(PACKAGE / "core" / "ledger.py")
    known = re.findall(r"CONSTRAINT (\w+)", sql) + re.findall(r"^def (\w+)", core, re.MULTILINE)
    known += re.findall(r"CREATE VIEW (\w+)", sql)
    places = [PACKAGE / name, PACKAGE / "store" / name]
    assert name in known or any((ROOT / place).is_file() for place in places)


@pytest.mark.parametrize("name", sorted(named("Tested in")))
def test_a_test_of_an_invariant_is_there(name: str) -> None:
    folder = ROOT if name.startswith("tests/") else ROOT / "tests" / "model"
    assert (folder / name).is_file()


def test_what_is_appended_is_never_changed() -> None:
    paths = files(PACKAGE / "store" / "sql", ".sql")
    queries = "".join(text(path) for path in paths if path.name != ERASURE)
    changed = set(re.findall(r"\b(?:UPDATE|DELETE FROM|TRUNCATE(?: TABLE)?)\s+(\w+)", queries))
    assert not changed & APPENDED
