"""docs/errors.md has every refusal with its status and exit code, and says truly which one wins."""

import ast
import io
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from api.harness import Api, running_api
from docs.documents import code, rows, sections
from tallystick.api.errors import STATUS_OF
from tallystick.cli.app import FAULT, READER_GONE, REFUSED, run_app
from tallystick.core.errors import Refusal
from tallystick.core.programs import ProgramSettings
from tallystick.services.context import Limits
from tallystick.services.imports import import_points
from tallystick.services.programs import create_program
from tidy.tree import PACKAGE, files, syntax

SECTIONS = {section.title: section for section in sections(Path("docs/errors.md"))}
TABLE = {code(row[0]): row[1:] for row in rows(SECTIONS["Codes"])}
REFUSALS = {kind.code: kind for kind in Refusal.__subclasses__()}


def test_every_refusal_is_listed_and_no_other() -> None:
    assert list(TABLE) == list(REFUSALS)


@pytest.mark.parametrize("name", REFUSALS)
def test_a_status_is_the_one_of_the_api(name: str) -> None:
    assert TABLE[name][0] == str(int(STATUS_OF[REFUSALS[name]]))


@pytest.mark.parametrize("name", REFUSALS)
def test_an_exit_code_is_the_one_of_the_command_line(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    kind = REFUSALS[name]

    parts = fields(kind) if is_dataclass(kind) else ()

    def refuse() -> Any:
        raise kind(*["told" for _ in parts])

    assert TABLE[name][1] == str(run_app(refuse, ["migrate"]))
    assert capsys.readouterr().out == ""


def test_exit_codes_are_those_of_the_command_line() -> None:
    told = [int(code(row[0])) for row in rows(SECTIONS["Exit codes"])]
    assert told == [0, REFUSED, 2, FAULT, 130, READER_GONE]


def test_every_problem_of_a_row_is_listed_and_no_other() -> None:
    """Codes are the strings of two or more words in the formats; keywords of cells are not."""
    strings = {
        node.value
        for path in files(PACKAGE / "core/formats")
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    found = {text for text in strings if re.fullmatch(r"[a-z]+(_[a-z]+)+", text)} - {"on_action"}
    assert {code(row[0]) for row in rows(SECTIONS["Problems of rows"])} == found


# Which refusal wins. A request is wrong in all these ways at once and is mended from the top, one
# way at a time; what it is refused for is always the first that is left.

PLAIN, CARDS = 1, 2  # programs


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A request to add or deduct points, which is right as it stands."""

    operation: str = "add_points"
    program: object = PLAIN
    member: str = "ann"
    points: int = 5
    more: str = ""
    body: str | None = None
    signed_in: bool = True
    key: str = "fresh"
    full: bool = False
    locked: bool = False


LADDER: list[tuple[str, Callable[[Wish], Wish]]] = [
    ("not_signed_in", lambda wish: replace(wish, signed_in=False)),
    ("invalid_field", lambda wish: replace(wish, body="{")),
    ("not_found", lambda wish: replace(wish, program="one")),
    ("invalid_field", lambda wish: replace(wish, points=0)),
    ("invalid_field", lambda wish: replace(wish, key="x" * 256)),
    ("busy", lambda wish: replace(wish, full=True)),
    ("not_found", lambda wish: replace(wish, program=99)),
    ("not_supported", lambda wish: replace(wish, program=CARDS)),
    ("not_supported", lambda wish: replace(wish, more=f'{wish.more}, "subledgerId": "x"')),
    ("busy", lambda wish: replace(wish, locked=True, member="ann")),
    ("not_found", lambda wish: replace(wish, member="nobody")),
    ("key_reused", lambda wish: replace(wish, key="used")),
    ("invalid_field", lambda wish: replace(wish, more=', "validUntil": "2020-01-01T00:00:00Z"')),
    ("insufficient_points", lambda wish: replace(wish, operation="deduct_points", points=500)),
]


def test_the_list_is_the_ladder() -> None:
    items = re.findall(r"^\d+\. `(\w+)`", SECTIONS["Which refusal wins"].body, re.MULTILINE)
    assert items == [name for name, _ in LADDER]


async def test_the_first_refusal_of_the_list_wins(database_url: str) -> None:
    async with asking(database_url) as ask:
        told = [await ask(_wish(first)) for first in range(len(LADDER))]
    assert told == [(name, str(int(STATUS_OF[REFUSALS[name]]))) for name, _ in LADDER]


def _wish(first: int) -> Wish:
    """The request that is wrong in the ways from the one numbered `first` on.

    An expiry is an addition's and a lack of points a deduction's, so no request has both.
    """
    ways = LADDER[first:-1] or LADDER[first:]
    wish = Wish()
    for _, wrong in reversed(ways):
        wish = wrong(wish)
    return wish


Ask = Callable[[Wish], Any]


@asynccontextmanager
async def asking(url: str) -> AsyncIterator[Ask]:
    """Sends wishes to two servers on one database, of which one takes on nothing at all."""
    async with (
        running_api(url, limits=Limits(holder_wait_seconds=0)) as api,
        running_api(url, limits=Limits(queued_postings_max=0)) as full,
    ):
        await _prepare(api)

        async def ask(wish: Wish) -> tuple[str, str]:
            server = full if wish.full else api
            client = server.manager if wish.signed_in else server.anybody
            async with _locked(url, yes=wish.locked):
                return _told(await _send(client, wish))

        yield ask


async def _prepare(api: Api) -> None:
    plain, cards = [
        await create_program(
            api.context, ProgramSettings(name=name, timezone="UTC", card_based=name == "cards")
        )
        for name in ("plain", "cards")
    ]
    assert (plain.id, cards.id) == (PLAIN, CARDS)
    file = io.BytesIO(b"customerprofileid,amount\nann,100\n")
    await import_points(api.context, plain, file, file_name="ann.csv")
    assert (await _send(api.manager, Wish(points=1, key="used"))).status_code == 204


async def _send(client: httpx.AsyncClient, wish: Wish) -> httpx.Response:
    body = f'{{"points": {wish.points}{wish.more}}}' if wish.body is None else wish.body
    return await client.put(
        f"/v1/loyalty_programs/{wish.program}/profile/{wish.member}/{wish.operation}",
        content=body,
        headers={"Idempotency-Key": wish.key},
    )


def _told(response: httpx.Response) -> tuple[str, str]:
    return response.json()["errors"][0]["title"], str(response.status_code)


@asynccontextmanager
async def _locked(url: str, *, yes: bool) -> AsyncIterator[None]:
    """Every member is locked by somebody else, if asked for."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            if yes:
                await connection.execute("SELECT FROM holder FOR UPDATE")
            yield
    finally:
        await connection.close()
