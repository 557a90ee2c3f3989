"""`tallystick serve` and `tallystick migrate`."""

import typer

from tallystick import __version__
from tallystick.cli.options import examples
from tallystick.cli.output import say
from tallystick.cli.runtime import run_in_context, runtime_of
from tallystick.services.context import Context

app = typer.Typer()

_SETTINGS = """\
\b
Settings, from the environment (an empty one counts as unset):
  TALLYSTICK_DATABASE_URL    the PostgreSQL to use, as
                             postgresql://user:password@host:5432/database;
                             unset: one of its own in the data folder
  TALLYSTICK_OWNER_URL       the same as the role that owns its tables, for
                             migrations; unset: that of the other URL
  TALLYSTICK_DATA_DIR        the data folder              [default: ./data]
  TALLYSTICK_HOST            the address to listen on     [default: 127.0.0.1]
  TALLYSTICK_PORT            the port to listen on        [default: 8080]
  TALLYSTICK_WORKERS         how many server processes    [default: 1]
  TALLYSTICK_TLS_CERT        the certificate and its chain, as PEM; unset: no TLS
  TALLYSTICK_TLS_KEY         its key; unset: it is in the same file
  TALLYSTICK_TRUSTED_PROXIES         addresses and networks of proxies whose
                             X-Forwarded-For and -Proto are believed
  TALLYSTICK_PUBLIC_URL      where browsers find it, as
                             https://points.example.com; unset: where they ask
  TALLYSTICK_OPENID_ISSUER   the provider that people may sign in at; the next
                             two and the one before go with it
  TALLYSTICK_OPENID_CLIENT_ID        who Tallystick is to it
  TALLYSTICK_OPENID_CLIENT_SECRET    and its secret
  TALLYSTICK_OPENID_NAME     what the button says         [default: single sign-on]
  TALLYSTICK_REQUESTS_PER_SECOND_MAX what one key may send to a process
                             in a second, 0 for no limit  [default: 0]
  TALLYSTICK_ADMIN_EMAIL     the first user, made if there is none
                                                          [default: admin@localhost]
  TALLYSTICK_ADMIN_PASSWORD  that user's password, at least 12 characters;
                             unset: one is made and printed
  TALLYSTICK_SETUP_PAGE      1 to make the first user on a page instead, by a
                             link that is printed         [default: 0]
  TALLYSTICK_DEMO            1 for a demo program in an empty database, 0 for
                             none                         [default: 1]
  TALLYSTICK_SECRET_KEY      what sessions and keys are kept under, at least 32
                             characters; unset: one is made in the data folder
  TALLYSTICK_IMPORT_BYTES_MAX        bytes of a file that is sent
                                                          [default: 500000000]
  TALLYSTICK_IMPORT_ROWS_MAX         its rows             [default: 20000000]
  TALLYSTICK_IMPORT_COLUMNS_MAX      its columns          [default: 100]
  TALLYSTICK_IMPORT_CELL_LENGTH_MAX  characters of a cell
                                                          [default: 1000]
  TALLYSTICK_IMPORTS_MAX     files that a process works on at a time
                                                          [default: 2]
  TALLYSTICK_IMPORT_DAYS_KEPT        days for which imports are kept
                                                          [default: 90]
  TALLYSTICK_EXPORTS_MAX     files that are written to who waits for them
                                                          [default: 3]
  TALLYSTICK_EXPORT_SECONDS_MAX      seconds that one of them may take
                                                          [default: 900]
  TALLYSTICK_EXPORT_JOBS_MAX         files that are written in the background
                                                          [default: 2]
  TALLYSTICK_EXPORT_DAYS_KEPT        days for which exports are kept
                                                          [default: 7]

"""


@app.command(
    "serve",
    epilog=_SETTINGS
    + examples("tallystick serve", "TALLYSTICK_PORT=9000 TALLYSTICK_DEMO=0 tallystick serve"),
)
def serve(ctx: typer.Context) -> None:
    """Run the server in the foreground, until Ctrl-C.

    The other commands work on the same database, whether the server runs or not.
    """
    runtime_of(ctx).serve()


@app.command("migrate", epilog=examples("tallystick migrate"))
def migrate(ctx: typer.Context) -> None:
    """Bring the database to the schema of this version.

    Every other command does so too; this one does nothing else.
    """
    run_in_context(ctx, _opened)
    say(f"The database is up to date with Tallystick {__version__}.")


async def _opened(_context: Context) -> None:
    """Nothing: a context is on a database that is up to date."""
