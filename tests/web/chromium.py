"""The browser that tests of the pages drive: the machine's own Chromium, else Playwright's.

The one without windows comes first: it is the same engine, and quicker with pages by four times.
"""

import shutil

from playwright.async_api import Browser, Playwright

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CURE = (
    "no Chromium was found: as root `apt-get install chromium-headless-shell`,"
    " or `playwright install chromium`"
)

# Root may not use the sandbox; the rest keeps the browser from talking to anybody but the test.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


async def launch(playwright: Playwright) -> Browser:
    """A running browser; an error with what to install where there is none."""
    found = find(fetched=playwright.chromium.executable_path)
    return await playwright.chromium.launch(executable_path=found, args=FLAGS)


def find(fetched: str) -> str:
    """The path of the machine's own browser, else of the one that Playwright fetched."""
    for name in (*NAMES, fetched):
        if found := shutil.which(name):
            return found
    raise RuntimeError(CURE)
