"""A program with something to see on every page, and the address of each page about it."""

from dataclasses import dataclass, field

from api.harness import Api, Member
from tallystick.core.programs import Program, ReturnPolicy
from tallystick.web.pages import Page
from web.days import fill_days
from web.import_files import csv, import_file, send, undo


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """`things` fill the paths of pages: the name of each parameter, and what it stands for here.

    own: the same for single pages, by their names.
    """

    program: Program
    things: dict[str, object] = field(default_factory=dict)
    own: dict[str, dict[str, object]] = field(default_factory=dict)

    def address_of(self, page: Page) -> str:
        """Where a page about this program is."""
        return page.path.format(**self.things | self.own.get(page.name, {}))


async def make_world(api: Api) -> World:
    """The program, with weeks of points."""
    program = await api.program(
        name="Harbour Club", timezone="Europe/Lisbon", return_policy=ReturnPolicy.UNLIMITED
    )
    await fill_days(api, program)
    checked, imported = await _imports(api, program)
    return World(
        program=program,
        things={"program": program.id, "import": checked},
        own={"import-undo": {"import": imported}},
    )


async def _imports(api: Api, program: Program) -> tuple[int, int]:
    """A file that was checked and has errors, and an import some of whose points are spent."""
    goodwill = csv(f"cust_{n},{n}0" for n in range(10, 40))
    await undo(api, program, await import_file(api, program, goodwill, name="goodwill.csv"))
    migration = csv(f"cust_{n},{n}00" for n in range(10, 60))
    imported = await import_file(api, program, migration, name="migration-part-3.csv")
    spent = await Member(api=api, program=program, name="cust_20").deduct(500)
    assert spent.is_success, spent.text
    bad = csv(
        (
            *(f"cust_{n},{n * 10},immediate,unlimited,," for n in range(10, 40)),
            *('cust_0A81QX,"1,25o",immediate,,,', "cust_19ZK40,n/a,immediate,unlimited,,"),
            *("cust_19ZK41,-50,immediate,unlimited,,", ",40,immediate,unlimited,,"),
            "cust_40,200,2026-12-01T00:00:00Z,2026-11-01T00:00:00Z,,Too early",
            "cust_41,200,31.12.2026,unlimited,,",
            "cust_42,200,2026-12-01T00:00:00Z,unlimited,summer-24,",
            "cust_10,100,immediate,unlimited,,",
        ),
        header="customerprofileid,amount,startdate,expirydate,subledgerid,reason",
    )
    return await send(api, program, bad, name="autumn-bonus.csv"), imported
