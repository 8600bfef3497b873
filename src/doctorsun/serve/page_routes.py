"""The page's files: fixed at start, served without a key, under a policy that forbids everything from elsewhere."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, HTTPException
from fastapi import Request as HttpRequest
from fastapi.responses import Response

from doctorsun.errors import RequestError

_FOLDER = Path(__file__).parent / "page"
_INDEX = "index.html"
_MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    # No text, whoever wrote it, can become markup or code.
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # A new version of the server has a new page: browsers ask each time and get 304 while it is the same.
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    headers: dict[str, str]


def page_router() -> APIRouter:
    """Return the routes of the page, ``/`` and ``/page/NAME``; only files that are there now can be asked for."""
    files = {path.name: _read(path) for path in _FOLDER.iterdir() if path.suffix in _MEDIA_TYPES}
    router = APIRouter(include_in_schema=False)

    @router.api_route("/", methods=["GET", "HEAD"])
    async def index(http: HttpRequest) -> Response:
        return _answer(files[_INDEX], http)

    @router.api_route("/page/{name}", methods=["GET", "HEAD"])
    async def file(name: str, http: HttpRequest) -> Response:
        if name not in files or name == _INDEX:
            raise HTTPException(404, RequestError("path", got=repr(f"/page/{name}"[:80]), expected="/").text())
        return _answer(files[name], http)

    return router


def _read(path: Path) -> _File:
    content = path.read_bytes()
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    return _File(content, {**_HEADERS, "Content-Type": _MEDIA_TYPES[path.suffix], "ETag": etag})


def _answer(file: _File, http: HttpRequest) -> Response:
    known = {each.strip().removeprefix("W/") for each in http.headers.get("If-None-Match", "").split(",")}
    if file.headers["ETag"] in known:
        return Response(status_code=304, headers=file.headers)
    return Response(file.content, headers=file.headers)
