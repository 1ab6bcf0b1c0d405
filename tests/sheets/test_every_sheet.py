"""Every rule sheet that ships is served as it ships, and has its own tables here."""

import re
from pathlib import Path

from lots.sheets import ABOUT
from tests.sheets.conftest import Journals
from tests.sheets.stage import open_stage, shipped

_TABLES_OF = re.compile(r'"""The sheet `([a-z-]+)`:')


async def test_every_sheet_is_served_as_it_ships(journal: Journals) -> None:
    async with open_stage(journal, {}) as stage:
        told = {one["sheet"]: one["about"] for one in (await stage.get("all", "/v1/sheets"))["sheets"]}
        assert told == ABOUT
        for name in ABOUT:
            assert (await stage.get("all", f"/v1/sheets/{name}"))["terms"] == shipped(name)


def test_every_sheet_is_played_through() -> None:
    pages = (path.read_text("utf-8") for path in sorted(Path(__file__).parent.glob("test_*.py")))
    assert {found[1] for page in pages if (found := _TABLES_OF.match(page))} == set(ABOUT)
