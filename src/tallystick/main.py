"""Puts everything together: settings, database, server, commands. The only one that knows all."""

import os
import secrets
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import parent_process
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import FrameType

import msgspec
import structlog
import uvicorn
import uvloop
from starlette.types import ASGIApp
from uvicorn.supervisors import Multiprocess

from tallystick import __version__
from tallystick.api.app import create_app
from tallystick.cli.app import run_app
from tallystick.cli.runtime import Runtime
from tallystick.config import Settings, openid_of, overheard, read_settings
from tallystick.core.errors import CannotStart, InvalidField
from tallystick.core.formats.limits import FileLimits
from tallystick.edges import Edges, inside
from tallystick.edges.protocol import CarefulProtocol
from tallystick.services.context import Context, Limits, system_clock
from tallystick.services.first_start import Welcome, first_start
from tallystick.services.openid_provider import OpenIdProvider
from tallystick.services.setup import open_setup
from tallystick.store.db import Database
from tallystick.store.embedded import embedded_server, stop_with
from tallystick.store.migrate import migrate
from tallystick.web.app import on_http_error, page_routes

_LOG = structlog.get_logger()

WELCOME = "sign-in.json"
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"  # of TLS 1.2; what 1.3 has is all good
CONNECTIONS = 80  # for all server processes; the embedded PostgreSQL takes 100


def run() -> None:
    """Run the command `tallystick`."""
    _configure_logs()
    sys.exit(run_app(_runtime))


def application() -> ASGIApp:
    """The web application of one server process, as `serve` has prepared it in the environment."""
    _configure_logs()
    settings = read_settings(os.environ)
    assert settings.database_url is not None, "serve hands the database's URL to its processes"
    url = settings.database_url
    parent = parent_process()  # of several workers; it may have ended by now
    if parent and parent.pid and (end_with_parent := stop_with(parent.pid)):
        end_with_parent()
    app = create_app(
        lambda: _serving(settings, url), pages=page_routes(), on_http_error=on_http_error
    )
    return inside(app, _edges(settings))


def _runtime() -> Runtime:
    settings = read_settings(os.environ)
    return Runtime(
        open_context=lambda: _opened(settings),
        serve=lambda: _serve(settings),
    )


def _serve(settings: Settings) -> None:
    """Run the server until Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        config = _server_config(settings)
        with _listening(settings) as listener, _database(settings, join=False) as place:
            setup_token = uvloop.run(_prepare(settings, place))
            os.environ["TALLYSTICK_DATABASE_URL"] = place.url
            os.environ.pop("TALLYSTICK_OWNER_URL", None)  # no server process has a use for it
            for what in overheard(settings):
                _LOG.warning("somebody may listen", what=what)
            _announce(settings, listener, setup_token)
            _run_server(config, listener)
    except KeyboardInterrupt:
        pass
    print("Tallystick has stopped.", file=sys.stderr)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _server_config(settings: Settings) -> uvicorn.Config:
    """How to serve. Errors: CannotStart for settings that do not go together."""
    config = uvicorn.Config(
        "tallystick.main:application",
        factory=True,
        workers=settings.workers,
        http=CarefulProtocol,
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the edges know whom to trust
        timeout_graceful_shutdown=10,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        ssl_ciphers=CIPHERS,
    )
    _check_tls(settings)
    openid_of(settings)  # half of its settings is found out before anything is started
    return config


def _check_tls(settings: Settings) -> None:
    if settings.tls_cert is None:
        if settings.tls_key is not None:
            raise CannotStart("TALLYSTICK_TLS_KEY is set; set TALLYSTICK_TLS_CERT as well")
        return
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            settings.tls_cert, settings.tls_key, password=lambda: ""
        )
    except (ssl.SSLError, OSError) as error:
        raise CannotStart(
            f"no TLS with TALLYSTICK_TLS_CERT and TALLYSTICK_TLS_KEY: {error}; write the paths of a"
            " certificate with its chain and of its key without a password, both as PEM"
        ) from error


def _edges(settings: Settings) -> Edges:
    return Edges(
        body_bytes_max=settings.import_bytes_max,
        trusted_proxies=settings.trusted_proxies or (),
        requests_per_second_max=settings.requests_per_second_max,
    )


def _run_server(config: uvicorn.Config, listener: socket.socket) -> None:
    server = uvicorn.Server(config)
    if config.workers == 1:
        server.run(sockets=[listener])
    else:
        Multiprocess(config, sockets=[listener]).run()


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    """A socket that is ours before anything else is started."""
    try:
        family, *_, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.create_server(address[:2], family=family)
    except OSError as error:
        raise CannotStart(
            f"cannot listen on {settings.host}, port {settings.port}: {_reason(error)};"
            " end what uses it, or set TALLYSTICK_HOST or TALLYSTICK_PORT"
        ) from error
    listener.set_inheritable(True)
    with listener:
        yield listener


def _reason(error: OSError) -> str:
    """What the system says, without what the library adds to it."""
    if error.errno is None or error.errno < 0:  # a host name that is not found
        return str(error.strerror or error)
    return os.strerror(error.errno)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where the database is: for use cases at `url`, and for migrations at `owner_url`."""

    url: str
    owner_url: str


@contextmanager
def _database(settings: Settings, *, join: bool) -> Iterator[_Place]:
    """The place of the database; a server must not join one that would end with a command."""
    if settings.database_url is not None:
        url = settings.database_url
        yield _Place(url=url, owner_url=settings.owner_url or url)
        return
    with embedded_server(settings.data_dir, join=join, on_failure=_end_self) as server:
        yield _Place(url=server.application_url, owner_url=server.url)
        if server.failed:
            raise server.failed


def _end_self() -> None:
    """Stop as if asked to: without its database a process is of no use."""
    os.kill(os.getpid(), signal.SIGTERM)


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Context]:
    """A context on a database that is up to date, for a command."""
    with _database(settings, join=True) as place:
        await _migrate(place)
        async with _in_use(settings, await Database.connect(place.url)) as context:
            yield context


async def _migrate(place: _Place) -> None:
    """Bring the database up to date, as its owner."""
    owner = await Database.connect(place.owner_url, size=1)
    try:
        shared = place.url == place.owner_url
        await migrate(owner, now=system_clock(), application_url=None if shared else place.url)
    finally:
        await owner.close()


@asynccontextmanager
async def _serving(settings: Settings, url: str) -> AsyncIterator[Context]:
    """A context for a server process, which starts even while the database is away."""
    async with _in_use(
        settings, await Database.open(url, size=min(10, CONNECTIONS // settings.workers))
    ) as context:
        yield context


@asynccontextmanager
async def _in_use(settings: Settings, database: Database) -> AsyncIterator[Context]:
    openid = openid_of(settings)
    try:
        yield Context(
            database=database,
            secret=_secret(settings),
            limits=_limits(settings),
            import_folder=_private_folder(settings, "imports"),
            export_folder=_private_folder(settings, "exports"),
            public_url=settings.public_url,
            openid=OpenIdProvider(openid) if openid else None,
        )
    finally:
        await database.close()


async def _prepare(settings: Settings, place: _Place) -> str | None:
    """Bring the database up to date, and fill it if this is the first start.

    The token of the setup page comes back, if it is to be filled there.
    """
    await _migrate(place)
    async with _in_use(settings, await Database.connect(place.url)) as context:
        if settings.setup_page and settings.admin_password is None:
            return await open_setup(context)
        try:
            await first_start(
                context,
                email=settings.admin_email,
                password=settings.admin_password,
                demo=settings.demo,
                keep=lambda welcome: _keep_welcome(settings, welcome),
            )
        except InvalidField as refusal:
            name = f"TALLYSTICK_ADMIN_{refusal.field.upper()}"
            raise CannotStart(f"{name}: found {refusal.found}; {refusal.fix}") from refusal
    return None


def _limits(settings: Settings) -> Limits:
    return Limits(
        upload_bytes_max=settings.import_bytes_max,
        imports_max=settings.imports_max,
        import_days_kept=settings.import_days_kept,
        exports_max=settings.exports_max,
        export_seconds_max=settings.export_seconds_max,
        export_jobs_max=settings.export_jobs_max,
        export_days_kept=settings.export_days_kept,
        file=FileLimits(
            rows_max=settings.import_rows_max,
            columns_max=settings.import_columns_max,
            cell_length_max=settings.import_cell_length_max,
        ),
    )


def _private_folder(settings: Settings, name: str) -> Path:
    """Where files are kept that came or that go out; only we can look into it."""
    folder = settings.data_dir / name
    with _writing(folder, "set TALLYSTICK_DATA_DIR"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _secret(settings: Settings) -> bytes:
    """The installation's secret: as set, or made once and kept in the data folder."""
    if settings.secret_key is not None:
        return settings.secret_key.encode()
    path = settings.data_dir / "secret-key"
    with _writing(path, "set TALLYSTICK_SECRET_KEY"):
        if not path.exists():
            _write_private(path, secrets.token_hex(32))
        return path.read_bytes()


def _keep_welcome(settings: Settings, welcome: Welcome) -> None:
    path = settings.data_dir / WELCOME
    with _writing(path, "set TALLYSTICK_DATA_DIR"):
        path.unlink(missing_ok=True)
        _write_private(path, msgspec.json.format(msgspec.json.encode(welcome)).decode())


def _write_private(path: Path, text: str) -> None:
    """Write a file that only we can read, whole or not at all; one that is there stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=path.parent, encoding="utf-8") as file:  # its mode is 0600
        file.write(text)
        file.flush()
        with suppress(FileExistsError):
            os.link(file.name, path)


@contextmanager
def _writing(path: Path, fix: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CannotStart(
            f"cannot write {path}: {error.strerror}; make its folder writable, or {fix}"
        ) from error


def _announce(settings: Settings, listener: socket.socket, setup_token: str | None) -> None:
    """Say where we are and how to get in; stdout, so that it can be read by a script."""
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    scheme = "http" if settings.tls_cert is None else "https"
    address = f"{scheme}://{shown}:{port}"
    lines = [f"Tallystick {__version__} serves on {address} (Ctrl-C stops it)"]
    path = settings.data_dir / WELCOME
    if setup_token is not None:
        lines += ["", f"Set it up:        {address}/setup?token={setup_token}", ""]
    elif path.exists():
        welcome = msgspec.json.decode(path.read_bytes(), type=Welcome)
        lines += _welcome_lines(welcome, address)
        lines += [f"This is kept in {path}; delete the file once you have noted it.", ""]
    print("\n".join(lines), flush=True)


def _welcome_lines(welcome: Welcome, address: str) -> list[str]:
    password = welcome.password or "as set in TALLYSTICK_ADMIN_PASSWORD"
    lines = ["", f"Sign in:          {welcome.email}", f"Password:         {password}"]
    if welcome.program_id is None:
        return lines
    member = f"{address}/v1/loyalty_programs/{welcome.program_id}/profile/{welcome.member}"
    return [
        *lines,
        f"Integration key:  {welcome.integration_key}",
        f"Management key:   {welcome.management_key}",
        "",
        "Try it:",
        f"  curl -H 'Authorization: ApiKey-v1 {welcome.integration_key}' {member}/balances",
        "",
    ]


def _configure_logs() -> None:
    """One JSON object a line on stderr."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(
                    show_locals=False
                )  # they hold secrets
            ),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
