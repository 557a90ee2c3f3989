"""Which browser on which system somebody signed in with, as far as it says so of itself."""

import re

# In the order in which they are looked for: most browsers name those that they descend from.
_BROWSERS = {
    "Edge": r"Edg(?:e|A|iOS)?/",
    "Opera": r"OPR/",
    "Firefox": r"(?:Firefox|FxiOS)/",
    "Chrome": r"(?:Headless)?(?:Chrome|CriOS)/",
    "Safari": r"Safari/",
}
_SYSTEMS = {
    "Windows": r"Windows",
    "Android": r"Android",
    "iPhone": r"iPhone",
    "iPad": r"iPad",
    "macOS": r"Mac OS X",
    "Linux": r"Linux",
}


def browser_of(user_agent: str) -> str:
    """Its name and system, as in Firefox on Linux, or how a program calls itself."""
    browser, system = _found(_BROWSERS, user_agent), _found(_SYSTEMS, user_agent)
    if browser and system:
        return f"{browser} on {system}"
    return browser or user_agent.partition(" ")[0][:60] or "Unknown program"


def _found(among: dict[str, str], user_agent: str) -> str:
    return next((name for name, mark in among.items() if re.search(mark, user_agent)), "")
