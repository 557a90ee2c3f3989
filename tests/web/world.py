"""A program with something to see on every page, and the address of each page about it."""

from dataclasses import dataclass, field

from api.harness import Api
from tallystick.core.programs import Program
from tallystick.web.pages import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """`things` fill the paths of pages: the name of each parameter, and what it stands for here."""

    program: Program
    things: dict[str, object] = field(default_factory=dict)

    def address_of(self, page: Page) -> str:
        """Where a page about this program is."""
        return page.path.format(**self.things)


async def make_world(api: Api) -> World:
    """The program."""
    program = await api.program(name="Harbour Club", timezone="Europe/Lisbon")
    return World(program=program, things={"program": program.id})
