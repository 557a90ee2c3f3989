"""Loads the named queries of `sql/*.sql`.

A file holds statements, each under a header line `-- name: the_name` with comments that say what
comes back, what is locked and what the numbered parameters are.
"""

import re
from importlib.resources import files

_HEADER = re.compile(r"^-- name: ([a-z_]+)$", re.MULTILINE)


def load_queries(noun: str) -> dict[str, str]:
    """The statements of `sql/<noun>.sql` by name, without the trailing semicolon."""
    text = files(__package__).joinpath("sql", f"{noun}.sql").read_text(encoding="utf-8")
    _, *parts = _HEADER.split(text)
    names, bodies = parts[::2], parts[1::2]
    assert len(set(names)) == len(names), f"two queries of {noun}.sql share a name"
    return {name: body.strip().removesuffix(";") for name, body in zip(names, bodies, strict=True)}
