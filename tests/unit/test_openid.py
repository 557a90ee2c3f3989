"""The settings of a provider: which addresses are safe, and what goes together."""

import pytest

from tallystick.config import openid_of, read_settings
from tallystick.core.errors import CannotStart
from tallystick.core.openid import is_safe

WHOLE = {
    "TALLYSTICK_PUBLIC_URL": "https://points.example.com/",
    "TALLYSTICK_OPENID_ISSUER": "https://login.example.com/realms/staff/",
    "TALLYSTICK_OPENID_CLIENT_ID": "tallystick",
    "TALLYSTICK_OPENID_CLIENT_SECRET": "a secret of the client",
}


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://example.com", True),
        ("https://example.com:8443/realms/staff?tenant=a", True),
        ("http://localhost:8080", True),
        ("http://127.0.0.9", True),
        ("http://[::1]:8080/", True),
        ("http://example.com", False),
        ("http://localhost.evil.test", False),
        ("http://127.0.0.1.evil.test", False),
        ("https://user:word@example.com", False),
        ("https://example.com#fragment", False),
        ("https://example.com:port", False),
        ("https://", False),
        ("https://[::1", False),
        ("//example.com", False),
        ("javascript:alert(1)", False),
        ("", False),
    ],
)
def test_secrets_go_over_tls_or_stay_on_this_machine(address: str, *, safe: bool) -> None:
    assert is_safe(address) is safe


def test_all_together_are_a_provider() -> None:
    found = openid_of(read_settings(WHOLE | {"TALLYSTICK_OPENID_NAME": "Example accounts"}))
    assert found is not None
    assert found.issuer == WHOLE["TALLYSTICK_OPENID_ISSUER"]  # compared to the letter
    assert found.redirect_uri == "https://points.example.com/login/openid/callback"
    assert found.name == "Example accounts"
    assert WHOLE["TALLYSTICK_OPENID_CLIENT_SECRET"] not in repr(found)


def test_none_of_them_is_none() -> None:
    assert openid_of(read_settings({})) is None
    assert openid_of(read_settings({"TALLYSTICK_PUBLIC_URL": "https://example.com"})) is None


@pytest.mark.parametrize("lacking", WHOLE)
def test_a_start_with_half_of_them_says_what_is_lacking(lacking: str) -> None:
    settings = read_settings({name: value for name, value in WHOLE.items() if name != lacking})
    assert WHOLE["TALLYSTICK_OPENID_CLIENT_SECRET"] not in repr(settings)
    with pytest.raises(CannotStart, match=f"is set; set {lacking} as well, or unset it"):
        openid_of(settings)


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("OPENID_ISSUER", "http://login.example.com", "begins with https://"),
        ("OPENID_ISSUER", "https://user:word@login.example.com", "found 'https://...@login"),
        ("PUBLIC_URL", "points.example.com", "begins with https://"),
        ("PUBLIC_URL", "https://example.com/points", "without a path"),
        ("PUBLIC_URL", "https://example.com/?a=b", "without a path"),
        ("OPENID_NAME", "a\nb", "one line of at most 60"),
        ("OPENID_NAME", "x" * 61, "one line of at most 60"),
    ],
)
def test_a_value_that_cannot_be_used_says_what_to_write(name: str, value: str, cure: str) -> None:
    with pytest.raises(CannotStart, match=cure) as refused:
        read_settings({f"TALLYSTICK_{name}": value})
    assert str(refused.value).startswith(f"TALLYSTICK_{name}: ")
    assert "word" not in str(refused.value)
