"""ModelScope, by its own client (modelscope-hub): cache, resuming and uploads are the client's."""

import errno
import os
import socket
import ssl
from collections.abc import Callable
from functools import partial
from glob import escape
from pathlib import Path
from typing import Any, TypeVar

os.environ.setdefault("MODELSCOPE_LOG_LEVEL", "CRITICAL")  # read once, at the import; our errors tell what is wrong

import requests
from modelscope_hub import HubApi
from modelscope_hub.config import HubConfig
from modelscope_hub.errors import AlreadyExistsError, CacheNotFound, FileSizeMismatchError, HubError
from urllib3.exceptions import HTTPError

from doctorsun.errors import DataError
from doctorsun.storage.atomic import DISK_FAILS, DISK_FULL
from doctorsun.storage.hub.address import is_commit
from doctorsun.storage.hub.client_lines import without_client_lines
from doctorsun.storage.hub.endpoint import require_endpoint
from doctorsun.storage.hub.faults import Fault, HubWords, Patience, refusal
from doctorsun.storage.hub.ranged import cut_range, range_header
from doctorsun.storage.hub.remote_file import RemoteFile, Repository, remote_file
from doctorsun.storage.hub.tokens import require_sendable

Result = TypeVar("Result")

TOKEN, ENDPOINT = "MODELSCOPE_API_TOKEN", "MODELSCOPE_ENDPOINT"
OLD_ENDPOINT = "MODELSCOPE_DOMAIN"  # of the client's earlier versions
WORDS = HubWords(title="ModelScope", token_variable=TOKEN, endpoint_variable=ENDPOINT)
ERRORS = (HubError, requests.RequestException, OSError)
OF_NETWORK = (requests.RequestException, HTTPError, ConnectionError, TimeoutError, socket.gaierror, ssl.SSLError)
OF_DISK = (*DISK_FULL, *DISK_FAILS, errno.EACCES, errno.EPERM)
MAX_CANDIDATES = 5
LICENCE = "other"  # what the client fills in otherwise, Apache-2.0, is not ours to grant; the card tells


class ModelScopeHub:
    """ModelScope (modelscope.cn), or another address of it.

    Args:
        endpoint: its address; MODELSCOPE_ENDPOINT's (or MODELSCOPE_DOMAIN's) when None.
        cache: folder of the client's cache; MODELSCOPE_CACHE's when None.
        token: of an account; MODELSCOPE_API_TOKEN's when None, and "" for none. The login that the client can store
            is a pickle, and is not read.
        patience: with requests that the client does not try again itself.

    Raises:
        RecipeError: the token cannot be sent, or the address is none.
    """

    def __init__(
        self,
        endpoint: str | None = None,
        *,
        cache: Path | None = None,
        token: str | None = None,
        patience: Patience | None = None,
    ) -> None:
        address = endpoint or os.environ.get(ENDPOINT) or os.environ.get(OLD_ENDPOINT)
        own = require_sendable(os.environ.get(TOKEN, "") if token is None else token, WORDS)
        if address:
            address = require_endpoint(address if "://" in address else f"https://{address}", WORDS)
        config = _Config(endpoint=address, token=own)
        config.cache_dir = cache or config.cache_dir
        self.cache = config.cache_dir
        self._has_token = bool(own)
        self._endpoint = config.endpoint
        self._api = HubApi(config)
        self._patience = patience or Patience()

    def resolve(self, repository: Repository, revision: str | None) -> str:
        """Return the commit of a revision, as `Hub.resolve`.

        ModelScope's listings name the commit that changed each file last, but not the branch's own. The newest of
        these holds the branch's files, unless a later one took some away or the clocks of two disagree: so the files
        at it are compared with the branch's.
        """
        if revision is not None and is_commit(revision):
            return revision
        entries = self._entries(repository, revision or "master")
        wanted = _hashes(entries)
        dated = sorted({(_date(entry), str(entry.get("Revision") or "")) for entry in entries}, reverse=True)
        commits = list(dict.fromkeys(commit for _, commit in dated if is_commit(commit)))[:MAX_CANDIDATES]
        for commit in commits:
            if wanted.items() <= _hashes(self._entries(repository, commit)).items():
                return commit
        raise DataError(
            _place(repository, revision),
            got="a branch whose newest commit the hub does not tell",
            expected="a revision of 40 hexadecimal digits",
            do="look it up on the repository's page and write it behind '@'",
        )

    def files(self, repository: Repository, revision: str) -> tuple[RemoteFile, ...]:
        """Return every file at a revision, as `Hub.files`."""
        entries = self._entries(repository, revision)
        return tuple(
            remote_file(entry["Path"], int(entry.get("Size") or 0), sha256=str(entry.get("Sha256") or ""))
            for entry in entries
        )

    def local(self, repository: Repository, revision: str, path: str) -> Path | None:
        """Return a file in the cache, as `Hub.local`."""
        try:
            return self._api.download_file(
                repository.name, repository.kind, path, revision=revision, local_files_only=True
            )
        except CacheNotFound:
            return None

    def begun(self, repository: Repository, revision: str, file: RemoteFile, into: Path | None) -> int:
        """Return the bytes that the client goes on with, as `Hub.begun`.

        Source: the client's own places (modelscope-hub v0.5.1: _download.py, download_file and _incomplete_path).
        """
        name = repository.name.replace("/", "--")
        folder = into or self.cache / f"{repository.kind}s" / name / "snapshots" / revision
        part = (folder / file.path).with_name(f"{Path(file.path).name}.incomplete")
        return part.stat().st_size if part.is_file() else 0

    def fetch(self, repository: Repository, revision: str, file: RemoteFile, into: Path | None, *, anew: bool) -> Path:
        """Bring a file here, as `Hub.fetch`; the client goes on with a part that an earlier try left."""

        def download(size_bytes: int | None) -> Path:
            name, kind, path = repository.name, repository.kind, file.path
            return self._api.download_file(
                name, kind, path, revision=revision, local_dir=into, force=anew, file_size=size_bytes
            )

        def request() -> Path:
            try:
                return download(file.size_bytes)
            except FileSizeMismatchError:
                return download(None)  # whose size is wrong is found out with the file in hand

        with without_client_lines():
            return self._ask(_place(repository, revision, file.path), request, client_tries=True)

    def read(self, repository: Repository, revision: str, path: str, start: int, stop: int) -> bytes:
        """Return a range of a file, as `Hub.read`."""
        what = _place(repository, revision, path)

        def download() -> bytes:
            headers = range_header(start, stop) | {"Accept-Encoding": "identity"}
            with self._api.legacy.download_stream(
                repository.name, repository.kind, path, revision, headers=headers
            ) as answer:
                return cut_range(what, answer.status_code, answer.iter_content(2**16), start, stop)

        return self._ask(what, download, client_tries=False)

    def check_push(self, repository: Repository) -> None:
        """Refuse a push without a token, as `Hub.check_push`."""
        if not self._has_token:
            raise refusal(_place(repository, None), Fault(status=401, detail="no token to push with"), WORDS)

    def push(self, repository: Repository, folder: Path, paths: list[str], *, branch: str | None, private: bool) -> str:
        """Write files of a folder to a branch, as `Hub.push`; what an earlier try brought there is not sent again."""
        name, kind, what = repository.name, repository.kind, _place(repository, branch)
        self._ask(what, lambda: self._create(repository, private=private), client_tries=True)
        progress = self.cache / "uploads" / f"{kind}--{name.replace('/', '--')}.json"
        progress.parent.mkdir(parents=True, exist_ok=True)
        with without_client_lines():  # it prints a report
            self._ask(
                what,
                lambda: self._api.upload_folder(
                    name,
                    kind,
                    folder,
                    revision=branch,
                    allow_patterns=[escape(path) for path in paths],
                    commit_message=f"Upload {len(paths)} files with doctorsun",
                    tracker_path=progress,
                    use_cache=True,
                ),
                client_tries=True,
            )
        progress.unlink(missing_ok=True)  # else it would skip files that somebody takes away on the hub
        return f"{self._endpoint}/{kind}s/{name}"

    def _create(self, repository: Repository, *, private: bool) -> None:
        visibility = "private" if private else "public"
        try:
            self._api.create_repo(repository.name, repository.kind, visibility=visibility, license=LICENCE)
        except AlreadyExistsError:
            return

    def _entries(self, repository: Repository, revision: str) -> list[dict[str, Any]]:
        """Return the hub's own words on every file at a revision."""
        entries = self._ask(
            _place(repository, revision),
            lambda: self._api.legacy.list_repo_files(repository.name, repository.kind, revision),
            client_tries=True,
        )
        return [entry for entry in entries if entry.get("Type") != "tree"]

    def _ask(self, what: str, request: Callable[[], Result], *, client_tries: bool) -> Result:
        answer = self._patience.ask(request, ERRORS, partial(_fault, is_final=client_tries))
        if isinstance(answer, Fault):
            raise refusal(what, answer, WORDS)
        return answer


class _Config(HubConfig):
    """The client's configuration, without the name that it would give this machine for good and send along."""

    __slots__ = ()

    def get_session_id(self) -> str:
        return "0" * 32


def _place(repository: Repository, revision: str | None, path: str = "") -> str:
    return f"ms:{repository.name}{f'@{revision}' if revision else ''}{'/' if path else ''}{path}"


def _hashes(entries: list[dict[str, Any]]) -> dict[str, str]:
    return {entry["Path"]: str(entry.get("Sha256") or "") for entry in entries}


def _date(entry: dict[str, Any]) -> int:
    return int(entry.get("CommittedDate") or 0)


def _fault(error: Exception, *, is_final: bool) -> Fault:
    """Read an error of the client; one of this machine's disk, which the client may wrap, is raised again."""
    disk = _of_disk(error)
    if disk is not None:
        raise disk
    status = getattr(error, "status_code", None)
    wanted = getattr(error, "retry_after", None)
    detail = str(getattr(error, "message", "") or error)
    return Fault(status=status, detail=detail, retry_after_s=wanted, is_final=is_final)


def _of_disk(error: Exception) -> OSError | None:
    """Return the system's error with a file, be it the error itself or what led to it; None where the network did."""
    cause: BaseException | None = error
    while cause is not None:
        if not isinstance(cause, HubError):  # some of the client's are a ConnectionError, too
            if isinstance(cause, OF_NETWORK):
                return None
            if isinstance(cause, OSError) and (cause.errno in OF_DISK or (cause is error and cause.errno is not None)):
                return cause
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return None
