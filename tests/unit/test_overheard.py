"""A start says what others on the network can read."""

import pytest

from tallystick.config import Settings, overheard, read_settings

FAR = "postgresql://a:b@db.example.com/books"


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"HOST": "127.0.0.1"},
        {"HOST": "::1"},
        {"HOST": "localhost"},
        {"HOST": "0.0.0.0", "TLS_CERT": "cert.pem"},  # noqa: S104 - with TLS
        {"HOST": "0.0.0.0", "TRUSTED_PROXIES": "10.0.0.1"},  # noqa: S104 - behind a proxy
        {"DATABASE_URL": "postgresql://a:b@127.0.0.1:5432/books"},
        {"DATABASE_URL": "postgresql://a:b@/books?host=/run/postgresql"},
        {"DATABASE_URL": f"{FAR}?sslmode=verify-full"},
        {"DATABASE_URL": f"{FAR}?sslmode=require"},
    ],
    ids=str,
)
def test_nobody_listens_on_this_machine_or_behind_tls(settings: dict[str, str]) -> None:
    assert overheard(read(settings)) == []


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"HOST": "0.0.0.0"}, "set TALLYSTICK_TLS_CERT"),  # noqa: S104 - that is the matter
        ({"HOST": "::"}, "set TALLYSTICK_TLS_CERT"),
        ({"HOST": "books.example.com"}, "set TALLYSTICK_TLS_CERT"),
        ({"DATABASE_URL": FAR}, "behind TALLYSTICK_DATABASE_URL"),
        ({"DATABASE_URL": f"{FAR}?sslmode=prefer"}, "behind TALLYSTICK_DATABASE_URL"),
        ({"DATABASE_URL": "postgres://a:b@10.0.0.9/books"}, "behind TALLYSTICK_DATABASE_URL"),
        ({"DATABASE_URL": "postgres://a:b@/books?host=10.0.0.9"}, "TALLYSTICK_DATABASE_URL"),
        ({"OWNER_URL": FAR}, "behind TALLYSTICK_OWNER_URL"),
    ],
    ids=str,
)
def test_who_can_be_listened_to_is_told_so_with_the_cure(
    settings: dict[str, str], told: str
) -> None:
    [found] = overheard(read(settings))
    assert told in found
    assert "a:b" not in found


def read(settings: dict[str, str]) -> Settings:
    """The settings as the environment gives them."""
    return read_settings({f"TALLYSTICK_{name}": value for name, value in settings.items()})
