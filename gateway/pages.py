"""The pages: what bidders, watchers and operators open in a browser, and under which rules a browser runs it.

The files are in `site/`, as they are written: no build step. It refuses to know who looks and what a page shows; all
that is live on a page comes over the protocol, as for any other client. Invariants: only what stands in `site/` when
the house starts is served; no page runs or loads anything of anyone else (`POLICY`); a browser asks each time whether
a file is still the same, and is told so in a few bytes. Source: CSP level 3; RFC 9110, section 8.8 (entity tags).
"""

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.floor import Floor
from gateway.problems import NOT_FOUND, ProblemError

SITE: Final = Path(__file__).with_name("site")
ASSETS: Final = "/assets/"
PAGES: Final = {
    "/": "catalogue.html",
    "/lots/{lot}": "lot_room.html",
    "/operator": "operator.html",
    "/operator/wall": "wall.html",
    "/sign-in": "sign_in.html",
}
_RULES: Final = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
}
POLICY: Final = "; ".join(f"{name} {value}" for name, value in _RULES.items())
_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}
_IMPORT: Final = re.compile(rb"""^(?:import|export)\b[^;'"]*?["'](\.{1,2}/[^"']+)["']""", re.MULTILINE)
_UNPACKS: Final = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))")
_ENTRY: Final = re.compile(rb'<script type="module" src="/assets/([^"]+)">')


class File(Struct, frozen=True):
    """One file of the site, ready to be sent."""

    media_type: str
    plain: bytes
    packed: bytes
    tag: str

    def response(self, request: Request, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        """Return the file, or that it is still the one the browser has."""
        described = {**_HEADERS, **(headers or {}), "ETag": self.tag}
        if status == 200 and self.tag in _tags(request.headers.get("if-none-match", "")):
            return Response(status_code=304, headers=described)
        if _UNPACKS.search(request.headers.get("accept-encoding", "")):
            return Response(self.packed, status, {**described, "Content-Encoding": "gzip"}, self.media_type)
        return Response(self.plain, status, described, self.media_type)


class Pages:
    """The routes of the pages and of what they are made of.

    Args:
        floor: Says which lots there are.
        site: The folder with the files.
    """

    def __init__(self, floor: Floor, site: Path = SITE) -> None:
        self._floor = floor
        self._files = {path.relative_to(site).as_posix(): _read(path) for path in site.rglob("*") if path.is_file()}
        self._preloads = {page: self._preload(page) for page in PAGES.values()}

    def routes(self) -> list[Route]:
        """Return all routes of the pages."""
        return [
            *(Route(path, self._show(page), methods=["GET"]) for path, page in PAGES.items()),
            Route(f"{ASSETS}{{name:path}}", self.asset, methods=["GET"]),
        ]

    async def asset(self, request: Request) -> Response:
        """Send a file that a page is made of."""
        name = request.path_params["name"]
        file = self._files.get(name)
        if file is None or name in self._preloads:
            raise ProblemError(404, NOT_FOUND, "There is nothing at this address.")
        return file.response(request)

    def _show(self, page: str) -> Callable[[Request], Awaitable[Response]]:
        file = self._files[page]
        headers = {"Content-Security-Policy": POLICY, "X-Frame-Options": "DENY", "Link": self._preloads[page]}

        async def show(request: Request) -> Response:
            lot = request.path_params.get("lot")
            is_here = lot is None or lot in self._floor.lots
            return file.response(request, 200 if is_here else 404, headers)

        return show

    # What a page will load --------------------------------------------------------------------------------------------

    def _preload(self, page: str) -> str:
        """Return the header that names all modules of a page, so that they are fetched at once, not one by one."""
        modules: dict[str, None] = {}
        for entry in _ENTRY.findall(self._files[page].plain):
            self._gather(entry.decode(), modules)
        return ", ".join(f"<{ASSETS}{name}>; rel=modulepreload" for name in modules)

    def _gather(self, name: str, found: dict[str, None]) -> None:
        if name in found:
            return
        found[name] = None
        for imported in self._imports(name):
            self._gather(imported, found)

    def _imports(self, name: str) -> Iterator[str]:
        for target in _IMPORT.findall(self._files[name].plain):
            yield _joined(PurePosixPath(name).parent, target.decode())


def _read(path: Path) -> File:
    plain = path.read_bytes()
    media_type = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return File(media_type, plain, gzip.compress(plain, mtime=0), f'"{hashlib.sha256(plain).hexdigest()[:32]}"')


def _tags(header: str) -> set[str]:
    """Return the entity tags a browser has; a weak one is as good for files that are sent whole."""
    return {tag.strip().removeprefix("W/") for tag in header.split(",")}


def _joined(folder: PurePosixPath, target: str) -> str:
    """Return the name of a module seen from another, as a browser resolves it."""
    parts = list(folder.parts)
    for part in PurePosixPath(target).parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)
