"""The pages as they are sent: headers, tags, packing, and that everything they ask for is there."""

import gzip
import re
from collections.abc import AsyncIterator

import httpx
import pytest

from gateway.pages import ASSETS, PAGES, POLICY, SITE
from tests.gateway.front import Front, is_problem, open_front

ADDRESSES = [address.format(lot="A") for address in PAGES]
HTML = sorted(SITE.glob("*.html"))
SCRIPTS = sorted(path for path in SITE.rglob("*.js") if "vendor" not in path.parts)
ASKED_FOR = re.compile(r'(?:src|href)="([^"]+)"')
IMPORTED = re.compile(r"""(?:from|import\()\s*["'](\.[^"']+)["']""")
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", re.IGNORECASE)
SINKS = re.compile(r"\.(inner|outer)HTML\b|insertAdjacentHTML|document\.write\b|\beval\(|new Function\b")


@pytest.fixture
async def front() -> AsyncIterator[Front]:
    async with open_front() as front:
        yield front


@pytest.fixture
async def http(front: Front) -> AsyncIterator[httpx.AsyncClient]:
    async with front.http() as http:
        yield http


@pytest.mark.parametrize("address", ADDRESSES)
async def test_a_page_runs_nothing_of_anyone_else(http: httpx.AsyncClient, address: str) -> None:
    page = await http.get(address)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "same-origin"
    assert INLINE.search(page.text) is None


@pytest.mark.parametrize("address", ADDRESSES)
async def test_all_that_a_page_asks_for_is_served_and_its_modules_are_named_beforehand(
    http: httpx.AsyncClient, address: str
) -> None:
    page = await http.get(address)
    asked = ASKED_FOR.findall(page.text)
    assert asked
    assert all(name.startswith(ASSETS) for name in asked)
    early = re.findall(r"<([^>]+)>; rel=modulepreload", page.headers["link"])
    assert {name for name in asked if name.endswith(".js")} <= set(early)
    for name in {*asked, *early}:
        assert (await http.get(name)).status_code == 200, name


def test_modules_import_what_is_there() -> None:
    for path in SCRIPTS:
        for target in IMPORTED.findall(path.read_text(encoding="utf-8")):
            assert (path.parent / target).resolve().is_file(), f"{path.relative_to(SITE)} imports {target}"


def test_no_script_writes_markup_and_every_one_says_what_it_is() -> None:
    for path in SCRIPTS:
        text = path.read_text(encoding="utf-8")
        assert SINKS.search(text) is None, path
        assert text.startswith("/**"), path


def test_no_page_and_no_sheet_names_another_host() -> None:
    for path in [*HTML, *SITE.rglob("css/*.css"), *SCRIPTS]:
        hosts = set(re.findall(r"https?://([\w.-]+)", path.read_text(encoding="utf-8")))
        assert hosts <= {"www.w3.org"}, path  # the name space of drawings


async def test_a_lot_that_is_not_there_has_a_page_that_says_so(http: httpx.AsyncClient) -> None:
    page = await http.get("/lots/nowhere")
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert page.headers["content-security-policy"] == POLICY


async def test_a_browser_that_has_a_file_is_not_sent_it_again(http: httpx.AsyncClient) -> None:
    first = await http.get("/assets/js/house/dom.js")
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "no-cache"
    for known in (tag, f"W/{tag}", f'"other", {tag}'):
        again = await http.get("/assets/js/house/dom.js", headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    other = await http.get("/assets/js/house/dom.js", headers={"If-None-Match": '"other"'})
    assert (other.status_code, other.content) == (200, first.content)


async def test_a_file_is_packed_for_those_who_can_unpack_it(front: Front) -> None:
    plain = (SITE / "css" / "house.css").read_bytes()
    async with front.http() as http:
        for coding, is_packed in (("gzip, br", True), ("identity", False), ("gzip;q=0", False)):
            async with http.stream("GET", "/assets/css/house.css", headers={"Accept-Encoding": coding}) as sent:
                raw = b"".join([part async for part in sent.aiter_raw()])
            assert (sent.headers.get("content-encoding") == "gzip") is is_packed
            assert (gzip.decompress(raw) if is_packed else raw) == plain
            assert "Accept-Encoding" in sent.headers["vary"]


@pytest.mark.parametrize(
    "path",
    ["catalogue.html", "", "js", "js/", "../pages.py", "..%2fpages.py", "%2e%2e/pages.py", "/etc/passwd", "js/none.js"],
)
async def test_nothing_else_is_served(http: httpx.AsyncClient, path: str) -> None:
    is_problem(await http.get(f"/assets/{path}"), 404, "not_found")


async def test_pages_are_only_read(http: httpx.AsyncClient) -> None:
    is_problem(await http.post("/"), 405, "method_not_allowed")
    assert (await http.head("/")).status_code == 200
