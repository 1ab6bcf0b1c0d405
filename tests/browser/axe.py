"""axe-core's judgement of a page: WCAG 2.2 AA and good practice.

It refuses to know what the page is for. Invariant: no rule is left out but by a test that says which. Source:
axe-core's rules, https://dequeuniversity.com/rules/axe/.
"""

from collections.abc import Collection
from typing import Final

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

TAGS: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_AXE: Final = Axe()


async def axe(page: Page, *, without: Collection[str] = ()) -> None:
    """Assert that axe-core finds nothing on the page as it stands, leaving out only the rules named.

    Args:
        page: An open page; what is animated should have come to rest.
        without: Ids of axe rules that the caller has a reason not to ask for.
    """
    rules = {"target-size": {"enabled": True}, **{rule: {"enabled": False} for rule in without}}
    asked = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": TAGS}, "rules": rules}
    found = await _AXE.run(page, options=asked)
    assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"
