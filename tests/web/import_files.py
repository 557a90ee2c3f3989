"""Files for imports, and what becomes of them by the API while a page looks on."""

import asyncio
from collections.abc import Iterable
from typing import Any

from api.harness import Api, exact, program_path
from tallystick.core.programs import Program

AT_WORK = {"checking", "importing", "undoing"}


def csv(rows: Iterable[str], header: str = "customerprofileid,amount") -> bytes:
    """A file of these rows."""
    return "".join(f"{line}\n" for line in (header, *rows)).encode()


async def send(
    api: Api, program: Program, content: bytes, *, name: str = "points.csv", **query: Any
) -> int:
    """Send a file; the number of its import, once that is at rest."""
    answer = await api.manager.post(
        f"{program_path(program)}/imports", params=query, files={"upFile": (name, content)}
    )
    return await at_rest(api, program, exact(answer)["id"])


async def import_file(
    api: Api, program: Program, content: bytes, *, name: str = "points.csv"
) -> int:
    """The number of an import that is done."""
    return await send(api, program, content, name=name, start="import")


async def undo(api: Api, program: Program, import_id: int) -> int:
    """Undo an import; its number once that is done."""
    exact(await api.manager.post(f"{program_path(program)}/imports/{import_id}/undo"))
    return await at_rest(api, program, import_id)


async def at_rest(api: Api, program: Program, import_id: int) -> int:
    """The number of an import, once nobody works on it."""
    async with asyncio.timeout(60):
        while (await told(api, program, import_id))["state"] in AT_WORK:  # noqa: ASYNC110 - asked as a client asks
            await asyncio.sleep(0)
    return import_id


async def told(api: Api, program: Program, import_id: int) -> dict[str, Any]:
    """What the API says of an import."""
    answer = await api.manager.get(f"{program_path(program)}/imports/{import_id}")
    body: dict[str, Any] = exact(answer)
    return body
