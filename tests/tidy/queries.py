"""Reads the named queries of the store, and where its modules use them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tidy.tree import PACKAGE, files, syntax, text

SQL_FOLDER = PACKAGE / "store/sql"
HEADER = re.compile(r"^-- name: ([a-z_]+)$", re.MULTILINE)

_NOT_CODE = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
_SLICE = re.compile(r"^-- slice: \w", re.MULTILINE)


class Query(NamedTuple):
    """A statement of `sql/<noun>.sql` with the comments under its header."""

    noun: str
    name: str
    body: str

    def __str__(self) -> str:
        return f"{SQL_FOLDER}/{self.noun}.sql {self.name}"

    @property
    def code(self) -> str:
        """The statement without comments and quoted texts."""
        return _NOT_CODE.sub(" ", self.body)

    @property
    def is_slice(self) -> bool:
        """Whether its comments say why it reads many holders at once."""
        return _SLICE.search(self.body) is not None


def queries() -> list[Query]:
    """Every named query."""
    return [query for path in files(SQL_FOLDER, ".sql") for query in _queries_of(path)]


def _queries_of(path: Path) -> Iterator[Query]:
    _, *parts = HEADER.split(text(path))
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        yield Query(path.stem, name, body)


class Use(NamedTuple):
    """A module that loads `sql/<noun>.sql`.

    `asked` are the names in `VARIABLE["name"]`; `texts` are all strings of the module, for names
    that come out of a table; `whole` says that it goes through the queries, whatever their names.
    """

    module: Path
    noun: str
    asked: set[str]
    texts: set[str]
    whole: bool

    def covers(self, query: Query) -> bool:
        """Whether the module uses the query."""
        return self.noun == query.noun and (self.whole or query.name in self.texts)


def uses() -> list[Use]:
    """Every `VARIABLE = load_queries("noun")` at the top of a module of the store."""
    return [use for path in files(PACKAGE / "store") for use in _uses_of(path)]


def _uses_of(path: Path) -> Iterator[Use]:
    tree = syntax(path)
    nodes = list(ast.walk(tree))
    texts = {string for node in nodes if (string := _string(node))}
    for node in tree.body:
        match node:
            case ast.Assign(
                [ast.Name(id=variable)],
                ast.Call(ast.Name(id="load_queries"), [ast.Constant(str(noun))]),
            ):
                keys = list(_keys(variable, nodes))
                mentions = [n for n in nodes if isinstance(n, ast.Name) and n.id == variable]
                asked = {string for key in keys if (string := _string(key))}
                yield Use(path, noun, asked, texts, whole=len(mentions) > 1 + len(keys))


def _keys(variable: str, nodes: list[ast.AST]) -> Iterator[ast.expr]:
    for node in nodes:
        match node:
            case ast.Subscript(ast.Name(id=name), key) if name == variable:
                yield key


def _string(node: ast.AST) -> str | None:
    match node:
        case ast.Constant(str(string)):
            return string
    return None
