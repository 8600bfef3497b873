"""Hugging Face's hub, by its own client (huggingface_hub): cache, tokens, mirrors and storage are the client's."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

# Read once, when the client is imported. Mirrors have no Xet, the hub's own storage: it would be asked for in vain.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault(
    "HF_HUB_DISABLE_XET", str(int("huggingface.co" not in os.environ.get("HF_ENDPOINT", "huggingface.co")))
)

from huggingface_hub import (
    CommitOperationAdd,
    HfApi,
    constants,
    get_token,
    hf_hub_download,
    hf_hub_url,
    try_to_load_from_cache,
)
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

from doctorsun.errors import RecipeError
from doctorsun.storage.hub.client_lines import without_client_lines
from doctorsun.storage.hub.endpoint import require_endpoint
from doctorsun.storage.hub.faults import Fault, HubWords, Patience, refusal
from doctorsun.storage.hub.ranged import cut_range, range_header
from doctorsun.storage.hub.remote_file import RemoteFile, Repository, remote_file
from doctorsun.storage.hub.tokens import require_sendable

Result = TypeVar("Result")

TOKEN, ENDPOINT = "HF_TOKEN", "HF_ENDPOINT"
WORDS = HubWords(title="Hugging Face", token_variable=TOKEN, endpoint_variable=ENDPOINT)
HTTP_ERROR = HfHubHTTPError.__bases__[0]  # of httpx or httpx2, whichever the client is made with
ERRORS = (OSError, HTTP_ERROR, HFValidationError, RuntimeError)  # RuntimeError: of its storage, Xet


class HuggingFaceHub:
    """Hugging Face's hub, or a mirror of it.

    Args:
        endpoint: its address; HF_ENDPOINT's when None.
        cache: folder of the client's cache; HF_HUB_CACHE's, else HF_HOME's when None.
        token: of an account; when None HF_TOKEN's or what 'hf auth login' stored, and False for none.
        patience: with a hub that is busy.

    Raises:
        RecipeError: the token cannot be sent, or the address is none.
    """

    def __init__(
        self,
        endpoint: str | None = None,
        *,
        cache: Path | None = None,
        token: str | bool | None = None,
        patience: Patience | None = None,
    ) -> None:
        require_sendable(str(get_token() or "") if token is None else str(token or ""), WORDS)
        self.cache = cache or Path(os.environ.get("HF_HUB_CACHE") or constants.HF_HUB_CACHE)
        address = endpoint or os.environ.get(ENDPOINT)
        self._api = HfApi(endpoint=address and require_endpoint(address, WORDS), token=token, library_name="doctorsun")
        self._patience = patience or Patience()

    def resolve(self, repository: Repository, revision: str | None) -> str:
        """Return the commit of a revision, as `Hub.resolve`."""
        name, kind = repository.name, repository.kind
        found = self._ask(
            _place(repository, revision), lambda: self._api.repo_info(name, repo_type=kind, revision=revision)
        )
        return str(found.sha)

    def files(self, repository: Repository, revision: str) -> tuple[RemoteFile, ...]:
        """Return every file at a revision, as `Hub.files`."""
        name, kind = repository.name, repository.kind
        entries = self._ask(
            _place(repository, revision),
            lambda: list(self._api.list_repo_tree(name, repo_type=kind, revision=revision, recursive=True)),
            client_tries=True,
        )
        return tuple(_listed(entry) for entry in entries if isinstance(entry, RepoFile))

    def local(self, repository: Repository, revision: str, path: str) -> Path | None:
        """Return a file in the cache, as `Hub.local`."""
        found = try_to_load_from_cache(
            repository.name, path, cache_dir=self.cache, revision=revision, repo_type=repository.kind
        )
        return Path(found) if isinstance(found, str) else None

    def begun(self, repository: Repository, revision: str, file: RemoteFile, into: Path | None) -> int:
        """Return 0, as `Hub.begun`: the client begins a file anew, and removes what it had of it."""
        del repository, revision, file, into
        return 0

    def fetch(self, repository: Repository, revision: str, file: RemoteFile, into: Path | None, *, anew: bool) -> Path:
        """Bring a file here, as `Hub.fetch`."""

        def download() -> str:
            return hf_hub_download(
                repository.name,
                file.path,
                repo_type=repository.kind,
                revision=revision,
                cache_dir=self.cache,
                local_dir=into,
                force_download=anew,
                token=self._api.token,
                endpoint=self._api.endpoint,
                library_name="doctorsun",
            )

        return Path(self._ask(_place(repository, revision, file.path), download))

    def read(self, repository: Repository, revision: str, path: str, start: int, stop: int) -> bytes:
        """Return a range of a file, as `Hub.read`."""
        url = hf_hub_url(
            repository.name, path, repo_type=repository.kind, revision=revision, endpoint=self._api.endpoint
        )
        headers = build_hf_headers(token=self._api.token, library_name="doctorsun", headers=range_header(start, stop))
        what = _place(repository, revision, path)

        def download() -> bytes:
            with get_session().stream("GET", url, headers=headers, timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT) as answer:
                hf_raise_for_status(answer)
                return cut_range(what, answer.status_code, answer.iter_bytes(2**16), start, stop)

        return self._ask(what, download)

    def check_push(self, repository: Repository) -> None:
        """Refuse a push without a token, as `Hub.check_push`."""
        if not (self._api.token or (self._api.token is None and get_token())):
            raise refusal(_place(repository, None), Fault(status=401, detail="no token to push with"), WORDS)

    def push(self, repository: Repository, folder: Path, paths: list[str], *, branch: str | None, private: bool) -> str:
        """Write files of a folder to a branch in one commit, as `Hub.push`."""
        what, name, kind = _place(repository, branch), repository.name, repository.kind
        page = self._ask(
            what, lambda: self._api.create_repo(name, repo_type=kind, private=private or None, exist_ok=True)
        )
        if branch is not None and not branch.startswith("refs/"):  # these are no branches: the hub makes them
            self._ask(what, lambda: self._api.create_branch(name, branch=branch, repo_type=kind, exist_ok=True))
        added = [CommitOperationAdd(path_in_repo=path, path_or_fileobj=folder / path) for path in paths]
        message = f"Upload {len(paths)} files with doctorsun"
        with without_client_lines():
            self._ask(
                what,
                lambda: self._api.create_commit(name, added, commit_message=message, repo_type=kind, revision=branch),
            )
        return str(page)

    def _ask(self, what: str, request: Callable[[], Result], *, client_tries: bool = False) -> Result:
        _require_session()
        answer = self._patience.ask(request, ERRORS, partial(_fault, is_final=client_tries))
        if isinstance(answer, Fault):
            raise refusal(what, answer, WORDS)
        return answer


def _require_session() -> None:
    """Let the client read the proxies of the environment, which it does once."""
    try:
        get_session()
    except (ImportError, ValueError) as error:
        raise RecipeError(
            "the proxy in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY",
            got="one that the client of Hugging Face cannot use",
            expected="http://host:port, or socks5://host:port with the package socksio",
            do="name another, or pip install socksio",
        ) from error


def _place(repository: Repository, revision: str | None, path: str = "") -> str:
    return f"hf:{repository.name}{f'@{revision}' if revision else ''}{'/' if path else ''}{path}"


def _listed(entry: RepoFile) -> RemoteFile:
    if entry.lfs is None:
        return remote_file(entry.path, entry.size, git_sha1=entry.blob_id)
    return remote_file(entry.path, entry.lfs.size, sha256=entry.lfs.sha256)


def _fault(error: Exception, *, is_final: bool) -> Fault:
    """Read an error of the client; one of this machine's disk is raised again."""
    if isinstance(error, OSError) and error.errno is not None:
        raise error
    if isinstance(error, HFValidationError):
        return Fault(status=400, detail=str(error))
    cause = error.__cause__ or error
    tried = isinstance(error, LocalEntryNotFoundError)  # the client asked several times before it looked in its cache
    answered = error if isinstance(error, HfHubHTTPError) else cause
    if not isinstance(answered, HfHubHTTPError):
        return Fault(status=None, detail=f"{type(cause).__name__}: {cause}", is_final=is_final or tried)
    headers = answered.response.headers
    wanted = headers.get("Retry-After", "")
    return Fault(
        status=answered.response.status_code,
        detail=headers.get("X-Error-Message") or answered.server_message or answered.response.reason_phrase,
        retry_after_s=float(wanted) if wanted.isdigit() else None,
        is_final=is_final or tried,
    )
