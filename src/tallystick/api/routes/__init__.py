"""The table of all operations, area by area. An area is a module; its first line tells what of."""

from typing import NamedTuple

from tallystick.api.operations import Operation
from tallystick.api.routes import (
    account,
    approvals,
    customers,
    exports,
    imports,
    members,
    programs,
    system,
)


class Area(NamedTuple):
    """Operations on one kind of thing; routes are tried in the order of the areas."""

    name: str
    about: str
    operations: tuple[Operation, ...]


AREAS = (
    Area("Members", members.__doc__, members.OPERATIONS),
    Area("Programs", programs.__doc__, programs.OPERATIONS),
    Area("Imports", imports.__doc__, imports.OPERATIONS),
    Area("Approvals", approvals.__doc__, approvals.OPERATIONS),
    Area("Exports", exports.__doc__, exports.OPERATIONS),
    Area("Customers", customers.__doc__, customers.OPERATIONS),
    Area("Account", account.__doc__, account.OPERATIONS),
    Area("System", system.__doc__, system.OPERATIONS),
)
OPERATIONS: tuple[Operation, ...] = tuple(
    operation for area in AREAS for operation in area.operations
)
