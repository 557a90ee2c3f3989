"""SQL lives in .sql files of the store, as named queries that many machines could answer."""

import ast
import re
from collections.abc import Iterator

import pytest

from tidy.queries import HEADER, SQL_FOLDER, queries, uses
from tidy.tree import PACKAGE, files, listing, syntax, text

HOLDER_TABLES = re.compile(
    r"(?:\b(?:FROM|JOIN|INTO|UPDATE|USING|COPY|ONLY|TABLE)\s+|,\s*(?=\w+\s+AS\b))"
    r"(?:holder|transaction_|lot|allocation|idempotency)\b",
    re.IGNORECASE,
)
CLOCK = re.compile(
    r"\b(?:now(?=\s*\()|(?:clock|statement|transaction)_timestamp|timeofday"
    r"|current_(?:date|time|timestamp)|localtime(?:stamp)?)\b",
    re.IGNORECASE,
)

# Asks the server, alone and before there is a database, for that database: nothing to parametrise.
EMBEDDED = PACKAGE / "store/embedded"

# A text that begins like this is a statement: in capitals, or in any letters with SQL's grammar.
STATEMENT = re.compile(
    r"""\s*(?:
        SELECT\s | INSERT\s+INTO\s | UPDATE\s+\w+\s+(?:AS\s+\w+\s+)?SET\s | DELETE\s+FROM\s
        | WITH\s+(?:RECURSIVE\s+)?\w+\s+(?:\(|AS\b) | VALUES\s*\( | COPY\s
        | (?:CREATE|ALTER|DROP|TRUNCATE|GRANT|REVOKE|LOCK|SET|SHOW|LISTEN|NOTIFY)\s+\w
        | (?:BEGIN|COMMIT|ROLLBACK)\s*;?\s*$
        | (?i:select\s+\S+(?:\s*,\s*\S+)*\s+from\s+\w+\s*(?:;|$|(?:where|join|order|group)\b))
        | (?i:insert\s+into\s+\w+\s*(?:\(|(?:values|select)\b))
        | (?i:update\s+\w+\s+set\s+\w+\s*=)
        | (?i:delete\s+from\s+\w+\s+(?:where|using)\b)
        | (?i:copy\s.+\s(?:from\s+stdin|to\s+stdout)\b)
    )""",
    re.VERBOSE,
)


@pytest.mark.parametrize(
    ("sentence", "is_sql"),
    [
        ("SELECT 1", True),
        ("\n  select name from program", True),
        ("select a, b from lot where holder_id = $1", True),
        ("Select a program from the list", False),
        ("insert into lot (holder_id) values ($1)", True),
        ("Insert the card into the reader", False),
        ("update lot set remaining = 0", True),
        ("UPDATE lot AS l SET remaining = 0", True),
        ("Update the settings of a program", False),
        ("DELETE", False),
        ("DELETE FROM lot", True),
        ("delete from the list what you do not need", False),
        ("WITH open AS (", True),
        ("WITH care", False),
        ("copy (select 1) to stdout", True),
        ("Copy the key now", False),
        ("SET LOCAL lock_timeout = '1s'", True),
    ],
)
def test_a_statement_is_told_from_a_sentence(sentence: str, *, is_sql: bool) -> None:
    assert is_sql == bool(STATEMENT.match(sentence))


def test_no_sql_in_python() -> None:
    found = [
        f"{path}:{line} {' '.join(string.split())[:60]}"
        for path in files(PACKAGE)
        if not path.is_relative_to(EMBEDDED)
        for line, string in _strings(syntax(path))
        if STATEMENT.match(string)
    ]
    assert not found, (
        f"give these statements a name in a file of {SQL_FOLDER} and load it with load_queries:"
        f"{listing(found)}"
    )


def test_sql_never_asks_for_the_time() -> None:
    found = [str(query) for query in queries() if CLOCK.search(query.code)]
    assert not found, f"pass `now` as a parameter to these queries:{listing(found)}"


def test_queries_of_holder_tables_name_the_holder() -> None:
    found = [
        str(query)
        for query in queries()
        if HOLDER_TABLES.search(query.code)
        and not re.search(r"\bholder_id\b", query.code)
        and not query.is_slice
    ]
    assert not found, (
        "let these queries name holder_id, so that a sharded database knows where to look, or"
        f" write `-- slice: the reason` under their header:{listing(found)}"
    )


def test_each_query_is_one_statement_under_a_header() -> None:
    headers = [
        f"{path}:{number} {line}"
        for path in files(SQL_FOLDER, ".sql")
        for number, line in enumerate(text(path).splitlines(), start=1)
        if re.match(r"--\s*name\b", line) and not HEADER.fullmatch(line)
    ]
    assert not headers, f"write the header as `-- name: small_letters`:{listing(headers)}"
    found = [str(q) for q in queries() if q.code.count(";") != 1 or q.code.strip()[-1] != ";"]
    assert not found, f"write one statement that ends with a semicolon:{listing(found)}"


def test_each_query_is_used() -> None:
    used = uses()
    found = [str(query) for query in queries() if not any(use.covers(query) for use in used)]
    assert not found, f"no module of the store asks for these; delete them:{listing(found)}"


def test_each_query_asked_for_exists() -> None:
    known = {(query.noun, query.name) for query in queries()}
    found = [
        f"{use.module}: {name!r} of sql/{use.noun}.sql"
        for use in uses()
        for name in sorted(use.asked)
        if (use.noun, name) not in known
    ]
    assert not found, f"write these queries, or correct their names:{listing(found)}"


def _strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The strings that are not docstrings, each with its line; formatted ones in pieces."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) not in docstrings:
            match node:
                case ast.Constant(str(string)):
                    yield node.lineno, string
