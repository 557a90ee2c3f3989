"""Operations on customer profiles, across programs."""

from tallystick.api.operations import Operation

OPERATIONS: tuple[Operation, ...] = ()
