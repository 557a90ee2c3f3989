"""Loads the named queries of `sql/*.sql`.

A file holds statements, each under a header line `-- name: the_name` with comments that say what
comes back, what is locked and what the numbered parameters are. What several statements of a file
have in common stands before them, under `-- part: the_name`, and where they say `{the_name}`. A
part may say what stands before it.
"""

import re
from importlib.resources import files

_HEADER = re.compile(r"^-- name: ([a-z_]+)$", re.MULTILINE)
_PART = re.compile(r"^-- part: ([a-z_]+)$", re.MULTILINE)
_COMMENT = re.compile(r"^--.*$", re.MULTILINE)


def load_queries(noun: str) -> dict[str, str]:
    """The statements of `sql/<noun>.sql` by name, without the trailing semicolon."""
    text = files(__package__).joinpath("sql", f"{noun}.sql").read_text(encoding="utf-8")
    before, *queries = _HEADER.split(text)
    names, bodies = queries[::2], queries[1::2]
    assert len(set(names)) == len(names), f"two queries of {noun}.sql share a name"
    _, *parts = _PART.split(before)
    shared: dict[str, str] = {}
    for name, part in zip(parts[::2], parts[1::2], strict=True):
        shared[name] = _filled(_COMMENT.sub("", part).strip(), shared)
    return {
        name: _filled(body.strip().removesuffix(";"), shared)
        for name, body in zip(names, bodies, strict=True)
    }


def _filled(text: str, shared: dict[str, str]) -> str:
    for name, part in shared.items():
        text = text.replace(f"{{{name}}}", part)
    return text
