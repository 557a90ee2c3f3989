"""What the commands are given by `main`, which alone knows settings, database and server."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TypeVar

import typer
import uvloop

from tallystick.services.context import Context

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """`open_context` gives a context on a database that is up to date; `serve` runs the server."""

    open_context: Callable[[], AbstractAsyncContextManager[Context]]
    serve: Callable[[], None]


def runtime_of(ctx: typer.Context) -> Runtime:
    """The runtime, made only now, so that help is there whatever the settings are.

    Errors: CannotStart.
    """
    make_runtime: Callable[[], Runtime] = ctx.obj
    return make_runtime()


def run_in_context(ctx: typer.Context, work: Callable[[Context], Awaitable[T]]) -> T:
    """What `work` returns, in an event loop of its own; the context is closed behind it.

    Errors: those of `work`, and CannotStart.
    """
    runtime = runtime_of(ctx)

    async def opened() -> T:
        async with runtime.open_context() as context:
            return await work(context)

    try:
        return uvloop.run(opened())
    except BrokenPipeError as error:
        # It is the database's pipe: stdout has an error of its own. As it is, the library would
        # take it for stdout all the same, and end without a word.
        raise ConnectionError("the connection to the database broke") from error
