"""What can be a password: long, and not what all know. No signs or capitals are asked for."""

from tallystick.core.errors import InvalidField

LENGTH_MIN = 12
LENGTH_MAX = 1_000


def check_password(password: str, *, email: str, field: str = "password") -> None:
    """Nothing, if it can be a password of whoever has the address. Errors: InvalidField."""
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX:
        fix = f"write at least {LENGTH_MIN}, at most {LENGTH_MAX:,}"
        raise InvalidField(field, f"{len(password)} characters", fix)
    if password.strip().casefold() == email.casefold():
        raise InvalidField(field, "the e-mail address", "write something that others do not know")
