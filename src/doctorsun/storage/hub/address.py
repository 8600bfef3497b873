"""Addresses: ``hf:owner/name@revision`` (Hugging Face), ``ms:owner/name@revision`` (ModelScope), ``s3://bucket/path``."""

import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal

from doctorsun.errors import RecipeError

HubName = Literal["hf", "ms", "s3", "oss"]

FORM = "hf:owner/name@revision or ms:owner/name@revision, with /folder behind it for a part"
OBJECTS_FORM = "s3://bucket/path"

_PINNED = re.compile(r"[0-9a-f]{40}")
_ADDRESS = re.compile(
    r"(?P<hub>hf|ms):(?P<owner>\w[\w.-]*)/(?P<name>\w[\w.-]*)(@(?P<revision>refs/(pr|convert)/[\w.-]+|[\w.-]+(%2F[\w.-]+)*))?"
    r"(/(?P<path>[^@\\]+))?",
    re.ASCII,
)
_REFERENCE = re.compile(r"refs/(pr|convert)/[^/]+")  # of Hugging Face; the '/' of other branches is written %2F
_SCHEMES = {"huggingface": "hf", "modelscope": "ms"}
_OBJECTS = re.compile(r"(?P<hub>s3|oss)://(?P<name>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^/\\?#]+)*)/*")
_LOOKS_LIKE_OBJECTS = re.compile(r"(s3[an]?|oss):", re.IGNORECASE)
_LOOKS_LIKE_ONE = re.compile(r"(hf|ms|huggingface|modelscope):", re.IGNORECASE)
_WITH_KEYS = re.compile(
    r"(?P<scheme>s3[an]?|oss|hf|ms|huggingface|modelscope|https?):((//)?[^/@]*:[^@]*|//[^/@]+)@", re.IGNORECASE
)
_PAGE = re.compile(
    r"https?://(www\.)?(?P<site>huggingface\.co|hf-mirror\.com|modelscope\.(cn|ai))/"
    r"((datasets|models)/)?(?P<repository>[^/]+/[^/?#]+)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A repository on a hub, or a folder or file in it; or a store in object storage.

    Attributes:
        hub: ``hf``, ``ms``, ``s3`` or ``oss``.
        repository: ``owner/name``; of object storage ``bucket/path``, and then there is no more.
        revision: a commit, branch or tag; None for the newest of the main branch.
        path: the folder or file inside; empty for all of it.
    """

    hub: HubName
    repository: str
    revision: str | None = None
    path: str = ""

    def __str__(self) -> str:
        if self.hub in {"s3", "oss"}:
            return f"{self.hub}://{self.repository}"
        own = self.revision or ""
        revision = f"@{own if _REFERENCE.fullmatch(own) else own.replace('/', '%2F')}" if own else ""
        return f"{self.hub}:{self.repository}{revision}{'/' if self.path else ''}{self.path}"

    @property
    def is_pinned(self) -> bool:
        """Whether the revision is a whole commit hash: the files behind it never change."""
        return self.revision is not None and is_commit(self.revision)

    @property
    def whole(self) -> "Address":
        """The repository at this revision, without the path inside."""
        return replace(self, path="")


def is_commit(revision: str) -> bool:
    """Say whether a revision is a whole commit hash: 40 hexadecimal digits."""
    return _PINNED.fullmatch(revision) is not None


def parse_address(text: str) -> Address | None:
    """Read an address; None for everything that is none: a path on this machine.

    Raises:
        RecipeError: it starts like an address, or is the page of a repository, but has another form.
    """
    _refuse_keys(text)
    if _LOOKS_LIKE_OBJECTS.match(text):
        return _in_object_storage(text)
    found = _ADDRESS.fullmatch(text)
    if found is None:
        _refuse_near_ones(text)
        return None
    path = (found["path"] or "").rstrip("/")
    if ".." in PurePosixPath(path).parts:
        raise RecipeError(f"{text}", got="'..' in its path", expected=FORM, do="name the folder as the hub shows it")
    hub: HubName = "hf" if found["hub"] == "hf" else "ms"
    revision = found["revision"] and found["revision"].replace("%2F", "/")
    return Address(hub=hub, repository=f"{found['owner']}/{found['name']}", revision=revision, path=path)


def _in_object_storage(text: str) -> Address:
    found = _OBJECTS.fullmatch(text)
    if found is None or not {".", ".."}.isdisjoint(found["name"].split("/")):
        do = _in_small_letters(text, _OBJECTS) or "write the bucket and the names below it, with '/' between"
        raise RecipeError(without_query(text), got="no address of object storage", expected=OBJECTS_FORM, do=do)
    return Address(hub="oss" if found["hub"] == "oss" else "s3", repository=found["name"])


def without_query(text: str) -> str:
    """Return an address as messages may repeat it: without what stands behind '?', which may be a signature."""
    return text.partition("?")[0]


def _refuse_keys(text: str) -> None:
    found = _WITH_KEYS.match(text)
    if found is None:
        return
    if _LOOKS_LIKE_OBJECTS.match(text):
        expected, do = OBJECTS_FORM, "give them in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        raise RecipeError(f"an address {found['scheme']}://", got="keys in it", expected=expected, do=do)
    do = "give a token in HF_TOKEN or MODELSCOPE_API_TOKEN"
    raise RecipeError(f"an address {found['scheme']}:", got="keys in it", expected=FORM, do=do)


def _in_small_letters(text: str, form: re.Pattern[str]) -> str:
    """Return what to write where an address is right but for the letters of its hub's name; else nothing."""
    scheme, _, rest = text.partition(":")
    small = f"{_SCHEMES.get(scheme.lower(), scheme.lower())}:{rest}"
    return f"write {small}" if small != text and form.fullmatch(small) else ""


def _refuse_near_ones(text: str) -> None:
    page = _PAGE.match(text)
    if page is not None:
        hub = "ms" if page["site"].startswith("modelscope") else "hf"
        do = f"write {hub}:{page['repository']}"
        raise RecipeError(without_query(text), got="the address of a page", expected=FORM, do=do)
    if _LOOKS_LIKE_ONE.match(text):
        do = (
            _in_small_letters(text, _ADDRESS)
            or "write owner and name as the hub's page shows them, with one '/' between"
        )
        raise RecipeError(f"{text}", got="no address of a hub", expected=FORM, do=do)
