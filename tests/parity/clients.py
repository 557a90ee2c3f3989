"""The official clients, each a process of its own that is started once and asked many times.

Both Python clients are the module `talon_one`, so they cannot share a process. `bin/setup test`
puts the clients where FOLDER is.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parity.contract import Operation
from tidy.tree import ROOT

FOLDER = ROOT / ".venv/clients"
LINE_BYTES_MAX = 10_000_000

_HERE = Path(__file__).parent
_PYTHON = (sys.executable, "-I", "-B", str(_HERE / "driver.py"))
_NODE = ("node", str(_HERE / "node/driver.js"))
_MODULES = FOLDER / "node/node_modules"

# How each client is started, by the name that the tables have for it.
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "python26": (*_PYTHON, str(FOLDER / "client26")),  # talon-one-sdk 26.2
    "python9": (*_PYTHON, str(FOLDER / "client9")),  # talon-one-python-sdk 9.0.0
    "node4": (*_NODE, str(_MODULES / "talon_one")),  # talon_one 4.3.0
    "node5": (*_NODE, str(_MODULES / "talon_one_next")),  # talon_one 5.0.1-rc
}

# What the clients call the header Authorization of each kind of caller, and the scheme in it.
SCHEMES = {
    "api_key_v1": "ApiKey-v1",
    "management_key": "ManagementKey-v1",
    "manager_auth": "Bearer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A running client."""

    process: asyncio.subprocess.Process

    async def call(
        self,
        operation: Operation,
        *,
        host: str,
        keys: Mapping[str, str],
        arguments: Mapping[str, Any],
        **body: Any,
    ) -> dict[str, Any]:
        """What the client makes of a call; `driver.py` tells the shape.

        `keys` go by the slots of SCHEMES; in the order given, for one slot the last counts.
        """
        instants = operation.instants()
        return await self.ask(
            {
                "api": operation.api,
                "operation": operation.id,
                "model": operation.model,
                "host": host,
                "auth": {slot: [SCHEMES[slot], key] for slot, key in keys.items()},
                "arguments": {
                    name: {"instant": value} if name in instants else value
                    for name, value in arguments.items()
                },
                **body,
            }
        )

    async def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """What the driver answers."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(request).encode() + b"\n")
        await stdin.drain()
        line = await stdout.readline()
        assert line, "the driver has ended; its error stands above"
        answer: dict[str, Any] = json.loads(line)
        return answer


@asynccontextmanager
async def running_client(name: str) -> AsyncIterator[Client]:
    """A client of COMMANDS."""
    process = await asyncio.create_subprocess_exec(
        *_command(name),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LINE_BYTES_MAX,
    )
    try:
        yield Client(process=process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


def _command(name: str) -> tuple[str, ...]:
    """How a client is started, which has to be installed."""
    command = COMMANDS[name]
    assert Path(command[-1]).is_dir(), f"`bin/setup test` installs {command[-1]}"
    return command
