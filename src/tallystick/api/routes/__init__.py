"""The table of all operations, area by area."""

from tallystick.api.operations import Operation
from tallystick.api.routes import account, customers, members, programs, system

OPERATIONS: tuple[Operation, ...] = (
    *members.OPERATIONS,
    *programs.OPERATIONS,
    *customers.OPERATIONS,
    *account.OPERATIONS,
    *system.OPERATIONS,
)
