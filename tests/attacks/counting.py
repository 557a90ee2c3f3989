"""How many inputs were tried by tests that attack, and what became of them.

The numbers of all test processes are added up and told at the end of a run, kind by kind.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

import httpx

KEYS = "keys and sessions"
ROLES = "roles"
TEXTS = "texts in fields"
PATHS = "names and paths"
BOMBS = "bombs"
BODIES = "bodies and heads"
GUESSES = "guesses"
ORIGINS = "other sites"
GENERATED = "generated requests"

TRIED: Counter[tuple[str, bool]] = Counter()  # by kind, and whether it was refused


def tried(kind: str, *, refused: bool, inputs: int = 1) -> None:
    """Count inputs that were refused, or answered without harm, as the test goes on to show."""
    TRIED[kind, refused] += inputs


def answered(kind: str, answer: httpx.Response) -> httpx.Response:
    """The same answer, counted; being sent to sign in is a refusal as well."""
    to_sign_in = answer.headers.get("Location", "").startswith("/login")
    tried(kind, refused=answer.status_code >= 400 or to_sign_in)
    return answer


def packed() -> list[tuple[str, bool, int]]:
    """What this process has counted, as it can be sent to another one."""
    return [(kind, refused, inputs) for (kind, refused), inputs in TRIED.items()]


def unpack(counts: Iterable[tuple[str, bool, int]]) -> None:
    """Add what another process has counted."""
    for kind, refused, inputs in counts:
        tried(kind, refused=refused, inputs=inputs)


def summary() -> Iterator[str]:
    """The lines of a table: each kind, and all of them together; nothing if nothing was tried."""
    if not TRIED:
        return
    yield f"{'':<20}{'tried':>10}{'refused':>10}{'harmless':>10}"
    rows = [(kind, TRIED[kind, True], TRIED[kind, False]) for kind in sorted({k for k, _ in TRIED})]
    rows.append(("all of them", sum(row[1] for row in rows), sum(row[2] for row in rows)))
    for kind, refused, harmless in rows:
        yield f"{kind:<20}{refused + harmless:>10,}{refused:>10,}{harmless:>10,}"
