"""A loopback hub that speaks Hugging Face's API as far as its client uses it, without Xet.

Source: the client's own requests (huggingface/huggingface_hub v2.4.0: hf_api.py, file_download.py, _commit_api.py and
lfs.py); errors by X-Error-Code (utils/_http.py, hf_raise_for_status).
"""

import base64
import json
import re
import ssl
from types import TracebackType
from typing import Self

import httpx2
from huggingface_hub import set_client_factory
from huggingface_hub.utils._http import default_client_factory

from hubs.loopback import Answer, Asked, Loopback, json_answer
from hubs.published import Commit, Published, git_oid, is_lfs, large_files, sha256

PAGE = 3  # entries of a listing


class HuggingFace(Loopback):
    """A hub of some repositories; uploads add commits to them."""

    def __init__(self, *repositories: Published, writer_token: str = "") -> None:
        super().__init__(self._answer)
        self.repositories = {(each.kind, each.name): each for each in repositories}
        self.writer_token = writer_token
        self.uploaded: dict[str, bytes] = {}
        self.created: list[dict[str, object]] = []

    def __enter__(self) -> Self:
        """Let the client reach loopback although tests run with HF_HUB_OFFLINE=1, which its usual sessions obey."""
        no_certificates = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # loading them takes longer than all the rest
        set_client_factory(lambda: httpx2.Client(follow_redirects=True, trust_env=False, verify=no_certificates))
        return super().__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        set_client_factory(default_client_factory)
        super().__exit__(kind, error, where)

    def _answer(self, asked: Asked) -> Answer:
        routes = (
            (r"/storage/(?P<oid>\w+)", self._store if asked.method == "PUT" else self._stored),
            (r"/api/repos/create", self._create),
            (r"/api/validate-yaml", lambda _: json_answer({})),
            (r"/(datasets/)?[^/]+/[^/]+\.git/info/lfs/objects/batch", self._batch),
            (r"/api/(?P<kind>model|dataset)s/(?P<name>[^/]+/[^/]+)(?P<rest>/.*)?", self._api),
            (
                r"/(?P<datasets>datasets/)?(?P<name>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)",
                self._resolve,
            ),
        )
        for pattern, route in routes:
            found = re.fullmatch(pattern, asked.path)
            if found:
                return route(asked, **{name: text or "" for name, text in found.groupdict().items()})
        return json_answer({"error": "no such page"}, 404)

    def _readable(self, asked: Asked, kind: str, name: str) -> Published | Answer:
        repository = self.repositories.get((kind, name))
        if repository is None or (
            repository.token and asked.headers.get("authorization") != f"Bearer {repository.token}"
        ):
            return _error(404 if "authorization" in asked.headers else 401, "RepoNotFound", "Repository not found")
        if repository.is_gated:
            return _error(403, "GatedRepo", "Access to this repository is restricted")
        return repository

    def _api(self, asked: Asked, kind: str, name: str, rest: str) -> Answer:
        repository = self._readable(asked, kind, name)
        if isinstance(repository, Answer):
            return repository
        verb, _, revision = rest.lstrip("/").partition("/")
        if asked.method == "POST":
            if asked.headers.get("authorization") != f"Bearer {self.writer_token}":
                return _error(401, "", "Invalid credentials in Authorization header")
            return {"preupload": self._preupload, "commit": self._commit, "branch": self._branch}[verb](
                asked, repository, revision
            )
        commit = repository.at(revision or "main")
        if commit is None:
            return _error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        if verb == "tree":
            return self._tree(asked, commit)
        return json_answer(
            {"_id": "0", "id": name, "sha": commit.sha, "private": bool(repository.token), "tags": [], "siblings": []}
        )

    def _tree(self, asked: Asked, commit: Commit) -> Answer:
        start = int(asked.query.get("cursor", "0"))
        entries = [_entry(path, content) for path, content in sorted(commit.files.items())]
        answer = json_answer(entries[start : start + PAGE])
        if start + PAGE < len(entries):
            answer.headers["Link"] = f'<{self.url}{asked.path}?recursive=True&cursor={start + PAGE}>; rel="next"'
        return answer

    def _resolve(self, asked: Asked, datasets: str, name: str, revision: str, path: str) -> Answer:
        repository = self._readable(asked, "dataset" if datasets else "model", name)
        if isinstance(repository, Answer):
            return repository
        commit = repository.at(revision)
        if commit is None:
            return _error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        if path not in commit.files:
            return _error(404, "EntryNotFound", "Entry not found", X_Repo_Commit=commit.sha)
        content = commit.files[path]
        headers = {"X-Repo-Commit": commit.sha, "Accept-Ranges": "bytes"}
        if not is_lfs(path):
            return Answer(200, content, {**headers, "ETag": f'"{git_oid(content)}"'}, ranged=True)
        oid = sha256(content)
        linked = {"X-Linked-ETag": f'"{oid}"', "X-Linked-Size": str(len(content))}
        return Answer(302, b"", {**headers, **linked, "Location": f"{self.storage_url}/storage/{oid}"})

    def _stored(self, asked: Asked, oid: str) -> Answer:
        if "authorization" in asked.headers:
            return json_answer({"error": "the token was sent to the storage"}, 400)
        return Answer(200, self._contents()[oid], {"ETag": f'"{oid}"', "Accept-Ranges": "bytes"}, ranged=True)

    def _store(self, asked: Asked, oid: str) -> Answer:
        if sha256(asked.body) != oid:
            return json_answer({"error": "wrong contents"}, 400)
        self.uploaded[oid] = asked.body
        return Answer()

    def _contents(self) -> dict[str, bytes]:
        """All large files, by their SHA-256."""
        return {**large_files(self.repositories.values()), **self.uploaded}

    def _create(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"Bearer {self.writer_token}":
            return _error(401, "", "Invalid credentials in Authorization header")
        wanted = asked.json()
        kind, name = wanted.get("type", "model"), f"{wanted['organization']}/{wanted['name']}"
        self.created.append(wanted)
        if (kind, name) in self.repositories:
            return json_answer({"error": "it exists", "url": f"{self.url}/{name}"}, 409)
        new = Published(name, kind, token=self.writer_token if wanted.get("visibility") == "private" else "")
        new.commit({".gitattributes": b""})
        self.repositories[kind, name] = new
        return json_answer({"url": f"{self.url}/{'datasets/' if kind == 'dataset' else ''}{name}"})

    def _preupload(self, asked: Asked, _: Published, __: str) -> Answer:
        paths = [file["path"] for file in asked.json()["files"]]
        modes = [
            {"path": path, "uploadMode": "lfs" if is_lfs(path) else "regular", "shouldIgnore": False} for path in paths
        ]
        return json_answer({"files": modes})

    def _batch(self, asked: Asked) -> Answer:
        objects = [
            each
            if each["oid"] in self._contents()
            else each | {"actions": {"upload": {"href": f"{self.storage_url}/storage/{each['oid']}"}}}
            for each in asked.json()["objects"]
        ]
        return json_answer({"transfer": "basic", "objects": objects})

    def _branch(self, _: Asked, repository: Published, branch: str) -> Answer:
        if branch in repository.branches:
            return json_answer({"error": "it exists"}, 409)
        repository.branches[branch] = repository.branches["main"]
        return json_answer({})

    def _commit(self, asked: Asked, repository: Published, branch: str) -> Answer:
        changes: dict[str, bytes | None] = {}
        for line in asked.body.decode().splitlines():
            operation = json.loads(line)
            value = operation["value"]
            if operation["key"] == "file":
                changes[value["path"]] = base64.b64decode(value["content"])
            elif operation["key"] == "lfsFile":
                changes[value["path"]] = self._contents()[value["oid"]]
        oid = repository.commit(changes, branch)
        return json_answer({"commitUrl": f"{self.url}/{repository.name}/commit/{oid}", "commitOid": oid})


def _entry(path: str, content: bytes) -> dict[str, object]:
    entry: dict[str, object] = {"type": "file", "path": path, "size": len(content), "oid": git_oid(content)}
    return (
        entry | {"lfs": {"oid": sha256(content), "size": len(content), "pointerSize": 130}} if is_lfs(path) else entry
    )


def _error(status: int, code: str, message: str, **headers: str) -> Answer:
    return json_answer({"error": message}, status, X_Error_Code=code, X_Error_Message=message, **headers)
