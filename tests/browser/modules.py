"""What the pages share, run on its own: modules of the house, called in Chromium with what a test gives.

It refuses to know what they do. Invariant: they are loaded from the house as the pages load them, in a page without
content. Source: gateway/site/js/house/.
"""

import re
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Page

from gateway.pages import SITE
from tests.browser.conftest import ComeIn

_EMPTY_PAGE: Final = "/healthz"
_WORDS_OF: Final = re.compile(r"""\bsay\(\s*["']([\w. ]+)["']""")


async def empty_page(come_in: ComeIn, language: str = "en", zone: str = "Europe/Berlin") -> Page:
    """Return a page of the house that does nothing of itself."""
    visitor = await come_in(language=language, zone=zone)
    return await visitor.open(_EMPTY_PAGE)


async def run(page: Page, module: str, body: str, given: object = None) -> Any:  # noqa: ANN401  what the script returns
    """Run `body`, the inside of a function of `given` and `it`, the module; return its result."""
    source = f'async given => {{ const it = await import("/assets/js/{module}.js"); {body} }}'
    return await page.evaluate(source, given)


async def words(page: Page) -> dict[str, dict[str, dict[str, Any]]]:
    """Return all words by file and language."""
    files = sorted(path.stem for path in (SITE / "words").glob("*.js"))
    source = "async name => (await import(`/assets/words/${name}.js`)).default"
    return {name: await page.evaluate(source, name) for name in files}


def scripts() -> list[Path]:
    """Return every script of ours."""
    return sorted((SITE / "js").rglob("*.js"))


def said_in(script: Path) -> set[str]:
    """Return the keys of all words that a script says by name."""
    return set(_WORDS_OF.findall(script.read_text("utf-8")))
