"""What can be a password: long, and not made of what stands beside it.

No signs or capitals are asked for. Whether others have had it is known in services/passwords.py.
"""

import re

from tallystick.core.errors import InvalidField

LENGTH_MIN = 12
LENGTH_MAX = 1_000
OWN_MIN = 8  # letters and digits that are neither of the e-mail address nor of WORDS
WORDS = ("tallystick", "loyalty", "points", "admin")  # docs/security.md lists them

_FIX = "write something that others do not know; a few words do well"


def check_password(password: str, *, email: str, field: str = "password") -> None:
    """Nothing, if it can be a password of whoever has the address. Errors: InvalidField."""
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX:
        fix = f"write at least {LENGTH_MIN}, at most {LENGTH_MAX:,}"
        raise InvalidField(field, f"{len(password)} characters", fix)
    folded = password.casefold()
    own = _without(folded, email.casefold())
    if own != folded and sum(character.isalnum() for character in own) < OWN_MIN:
        raise InvalidField(field, "little but the e-mail address or the name of this place", _FIX)


def _without(password: str, email: str) -> str:
    """What is left of a password without the address, the longer words in it, and WORDS."""
    for word in (email, *re.findall(r"\w{4,}", email), *WORDS):
        password = password.replace(word, "")
    return password
