"""The settings, read once from the environment. docs/settings.md describes each."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tallystick.core.errors import CannotStart
from tallystick.core.openid import (
    CALLBACK,
    NAME,
    NAME_LENGTH_MAX,
    OpenIdSettings,
    is_safe,
    is_this_machine,
)
from tallystick.core.programs import is_one_line

PREFIX = "TALLYSTICK_"
_ENCRYPTED = frozenset({"require", "verify-ca", "verify-full"})

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What can be set from outside; each field is the variable of its name, in capitals."""

    database_url: str | None = field(default=None, repr=False)  # None: the embedded PostgreSQL
    owner_url: str | None = field(default=None, repr=False)  # None: database_url, whose role owns
    data_dir: Path = Path("data")
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    tls_cert: Path | None = None
    tls_key: Path | None = None  # None: it is in the file of the certificate
    trusted_proxies: tuple[Network, ...] | None = None  # None: nobody is
    public_url: str | None = None  # None: what a browser asks for
    openid_issuer: str | None = None  # None: nobody signs in at a provider
    openid_client_id: str | None = None
    openid_client_secret: str | None = field(default=None, repr=False)
    openid_name: str = NAME
    requests_per_second_max: int = 0  # 0: no limit
    admin_email: str = "admin@localhost"
    admin_password: str | None = field(default=None, repr=False)  # None: one is made and printed
    setup_page: bool = False
    demo: bool = True
    secret_key: str | None = field(default=None, repr=False)  # None: one is made in data_dir
    import_bytes_max: int = 500_000_000
    import_rows_max: int = 20_000_000
    import_columns_max: int = 100
    import_cell_length_max: int = 1_000
    imports_max: int = 2
    import_days_kept: int = 90
    exports_max: int = 3
    export_seconds_max: int = 900
    export_jobs_max: int = 2
    export_days_kept: int = 7


_REACH = {  # the least and the most that imports and exports can be limited to
    "import_bytes_max": (1_000, 1_000_000_000_000),
    "import_rows_max": (1, 2_000_000_000),
    "import_columns_max": (2, 1_000),
    "import_cell_length_max": (1, 10_000),
    "imports_max": (1, 16),
    "import_days_kept": (0, 36_500),
    "exports_max": (1, 16),
    "export_seconds_max": (10, 86_400),
    "export_jobs_max": (1, 16),
    "export_days_kept": (0, 36_500),
}


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings of this process; an empty variable counts as unset.

    Errors: CannotStart, naming the variable, what was found and what to write.
    """
    given = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and value
    }
    defaults = Settings()
    limits = [(name, getattr(defaults, name)) for name in _REACH]
    return Settings(
        database_url=_url("database_url", given.get("database_url")),
        owner_url=_url("owner_url", given.get("owner_url")),
        data_dir=Path(given.get("data_dir", defaults.data_dir)),
        host=given.get("host", defaults.host),
        port=_whole("port", given.get("port", "8080"), 0, 65_535),
        workers=_whole("workers", given.get("workers", "1"), 1, 16),
        tls_cert=_path(given.get("tls_cert")),
        tls_key=_path(given.get("tls_key")),
        trusted_proxies=_networks("trusted_proxies", given.get("trusted_proxies")),
        public_url=_public_url(given.get("public_url")),
        openid_issuer=_address("openid_issuer", given.get("openid_issuer")),
        openid_client_id=given.get("openid_client_id"),
        openid_client_secret=given.get("openid_client_secret"),
        openid_name=_line("openid_name", given.get("openid_name", NAME), NAME_LENGTH_MAX),
        requests_per_second_max=_whole(
            "requests_per_second_max", given.get("requests_per_second_max", "0"), 0, 100_000
        ),
        admin_email=given.get("admin_email", defaults.admin_email),
        admin_password=_secret("admin_password", given.get("admin_password"), 12),
        setup_page=_flag("setup_page", given.get("setup_page", "0")),
        demo=_flag("demo", given.get("demo", "1")),
        secret_key=_secret("secret_key", given.get("secret_key"), 32),
        **{
            name: _whole(name, given.get(name, str(value)), *_REACH[name]) for name, value in limits
        },
    )


def openid_of(settings: Settings) -> OpenIdSettings | None:
    """The provider that people sign in at; None without one. Errors: CannotStart for half of it."""
    issuer, client_id = settings.openid_issuer, settings.openid_client_id
    secret, public_url = settings.openid_client_secret, settings.public_url
    if issuer and client_id and secret and public_url:
        return OpenIdSettings(
            issuer=issuer,
            client_id=client_id,
            client_secret=secret,
            redirect_uri=f"{public_url}{CALLBACK}",
            name=settings.openid_name,
        )
    own = {"openid_issuer": issuer, "openid_client_id": client_id, "openid_client_secret": secret}
    found = [_variable(name) for name, value in own.items() if value]
    lacking = [_variable(name) for name, value in own.items() if not value]
    if not found:
        return None
    if not public_url:
        lacking.append(_variable("public_url"))
    raise CannotStart(f"{found[0]} is set; set {', '.join(lacking)} as well, or unset it")


def overheard(settings: Settings) -> list[str]:
    """What others on the network can read with these settings, each with its cure."""
    found = []
    here = settings.tls_cert is not None or settings.trusted_proxies
    if not here and not _is_local(settings.host):
        found.append(
            "keys and passwords come in without TLS; set TALLYSTICK_TLS_CERT, or"
            " TALLYSTICK_TRUSTED_PROXIES if a proxy in front has it"
        )
    for name in ("database_url", "owner_url"):
        url = urlsplit(getattr(settings, name) or "")
        hosts = [url.hostname or "", *parse_qs(url.query).get("host", [])]
        mode = parse_qs(url.query).get("sslmode", [""])[0]
        if mode not in _ENCRYPTED and not all(map(_is_local, hosts)):
            found.append(
                f"the database may be asked without TLS; write ?sslmode=verify-full behind"
                f" {PREFIX}{name.upper()}"
            )
    return found


def _is_local(host: str) -> bool:
    """Whether it is a socket, or an address that no network leads to."""
    return not host or host.startswith("/") or is_this_machine(host)


def _url(name: str, value: str | None) -> str | None:
    if value is not None and not value.startswith(("postgresql://", "postgres://")):
        fix = "write postgresql://user:password@host:5432/database"
        raise _wrong(name, re.sub(r"//[^@]*@", "//...@", value), fix)
    return value


def _public_url(value: str | None) -> str | None:
    found = _address("public_url", value)
    if found is None:
        return None
    parts = urlsplit(found)
    if parts.path not in {"", "/"} or parts.query:
        raise _wrong(
            "public_url", found, "write it without a path, like https://points.example.com"
        )
    return f"{parts.scheme}://{parts.netloc}"


def _address(name: str, value: str | None) -> str | None:
    if value is not None and not is_safe(value):
        fix = "write an address that begins with https://; http:// is for this machine only"
        raise _wrong(name, re.sub(r"//[^/]*@", "//...@", value), fix)
    return value


def _line(name: str, value: str, at_most: int) -> str:
    if not value.strip() or len(value) > at_most or not is_one_line(value):
        raise _wrong(name, value, f"write one line of at most {at_most} characters")
    return value


def _path(value: str | None) -> Path | None:
    return None if value is None else Path(value)


def _networks(name: str, value: str | None) -> tuple[Network, ...] | None:
    if value is None:
        return None
    try:
        return tuple(ip_network(word.strip()) for word in value.split(",") if word.strip())
    except ValueError as error:
        fix = "write addresses and networks like 10.0.0.0/8, with commas in between"
        raise _wrong(name, value, fix) from error


def _whole(name: str, value: str, least: int, most: int) -> int:
    if not (value.isascii() and value.isdigit() and least <= int(value) <= most):
        raise _wrong(name, value, f"write a whole number from {least} to {most}")
    return int(value)


def _flag(name: str, value: str) -> bool:
    if value not in {"0", "1"}:
        raise _wrong(name, value, "write 1 for yes or 0 for no")
    return value == "1"


def _secret(name: str, value: str | None, least: int) -> str | None:
    if value is not None and len(value) < least:
        raise _wrong(name, f"{len(value)} characters", f"write at least {least}")
    return value


def _wrong(name: str, found: str, fix: str) -> CannotStart:
    return CannotStart(f"{_variable(name)}: found {found!r}; {fix}")


def _variable(name: str) -> str:
    return f"{PREFIX}{name.upper()}"
