"""What all faces of one server process share, and the background work that goes with it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from tallystick.services.callers import Doorkeeper
from tallystick.services.closing import running_closing
from tallystick.services.context import Context
from tallystick.services.export_work import running_exports
from tallystick.services.import_work import running_imports
from tallystick.services.writer import Writer, running_writer

OpenContext = Callable[[], AbstractAsyncContextManager[Context]]


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The context of use cases, the one writer, and who tells callers apart."""

    context: Context
    writer: Writer
    doorkeeper: Doorkeeper


@asynccontextmanager
async def running_house(open_context: OpenContext) -> AsyncIterator[House]:
    """A house whose writer, imports, exports and closing of days run until the end."""
    async with (
        open_context() as context,
        running_writer(context) as writer,
        running_imports(context),
        running_closing(context),
        running_exports(context),
    ):
        yield House(context=context, writer=writer, doorkeeper=Doorkeeper(context))
