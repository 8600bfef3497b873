"""A loopback hub that speaks ModelScope's API as far as its client uses it.

Source: the client's own requests (modelscope-hub 0.5.1: _legacy_api.py, _download.py, _upload.py). A listing names for
each file the commit that changed it last, and of the branch's own commit eight digits only, as modelscope.cn does.
"""

import base64
import re
from collections.abc import Iterator

from hubs.loopback import Answer, Asked, Loopback, json_answer
from hubs.published import Commit, Published, is_lfs, large_files, sha256

EXISTS = {"model": 10010101001, "dataset": 10020101001}


class ModelScope(Loopback):
    """A hub of some repositories (their branch is ``master``); uploads add commits to them."""

    def __init__(self, *repositories: Published, writer_token: str = "") -> None:
        super().__init__(self._answer)
        self.repositories = {(each.kind, each.name): each for each in repositories}
        self.writer_token = writer_token
        self.uploaded: dict[str, bytes] = {}
        self.created: list[bytes] = []

    def _answer(self, asked: Asked) -> Answer:
        kinds, name = r"(?P<kind>model|dataset)s", r"(?P<name>[^/]+/[^/]+)"
        routes = (
            (r"(GET|PUT) /storage/(?P<oid>\w+)", self._storage),
            (rf"POST /api/v1/{kinds}", self._create),
            (rf"GET /api/v1/{kinds}/{name}/repo/(files|tree)", self._files),
            (rf"GET /api/v1/{kinds}/{name}/repo", self._file),
            (r"POST /api/v1/repos/[^/]+/[^/]+/[^/]+/info/lfs/objects/batch", self._batch),
            (rf"POST /api/v1/repos/{kinds}/{name}/commit/(?P<branch>.+)", self._commit),
        )
        for pattern, route in routes:
            found = re.fullmatch(pattern, f"{asked.method} {asked.path}")
            if found:
                return route(asked, **found.groupdict())
        return _error(404, "no such page")

    def _commit_at(self, asked: Asked, kind: str, name: str) -> Commit | Answer:
        repository = self.repositories.get((kind, name))
        sent = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if repository is None or (repository.token and not sent):
            return _error(404, "模型不存在")
        if repository.token not in ("", sent):
            return _error(401, "the token is not valid")
        if repository.is_gated:
            return _error(403, "access denied")
        return repository.at(asked.query["Revision"]) or _error(404, "the revision does not exist")

    def _files(self, asked: Asked, kind: str, name: str) -> Answer:
        commit = self._commit_at(asked, kind, name)
        if isinstance(commit, Answer):
            return commit
        repository = self.repositories[kind, name]
        size, page = int(asked.query.get("PageSize", "100000")), int(asked.query.get("PageNumber", "1"))
        entries = list(_entries(repository, commit))[size * (page - 1) : size * page]
        return _data({"Files": entries, "LatestCommitter": {"Id": "", "ShortId": commit.sha[:8]}})

    def _file(self, asked: Asked, kind: str, name: str) -> Answer:
        commit = self._commit_at(asked, kind, name)
        if isinstance(commit, Answer):
            return commit
        content = commit.files.get(asked.query["FilePath"])
        if content is None:
            return _error(404, "the file does not exist")
        if is_lfs(asked.query["FilePath"]):
            return Answer(302, b"", {"Location": f"{self.storage_url}/storage/{sha256(content)}"})
        return Answer(200, content)  # small files come whole, whatever range is asked for

    def _storage(self, asked: Asked, oid: str) -> Answer:
        if asked.method == "GET":
            if "authorization" in asked.headers:
                return _error(400, "the token was sent to the storage")
            return Answer(200, self._contents()[oid], ranged=True)
        self.uploaded[oid] = asked.body
        return json_answer({"Code": 200})

    def _contents(self) -> dict[str, bytes]:
        """All large files, by their SHA-256."""
        return {**large_files(self.repositories.values()), **self.uploaded}

    def _create(self, asked: Asked, kind: str) -> Answer:
        if asked.headers.get("authorization") != f"Bearer {self.writer_token}":
            return _error(401, "the token is not valid")
        self.created.append(asked.body)
        if kind == "model":
            wanted = asked.json()
            name = f"{wanted['Path']}/{wanted['Name']}"
        else:
            fields = dict(re.findall(rb'name="(\w+)"\r\n\r\n(.*?)\r\n', asked.body))
            name = f"{fields[b'Owner'].decode()}/{fields[b'Name'].decode()}"
        if (kind, name) in self.repositories:
            return json_answer(
                {"Code": EXISTS[kind], "Message": "该名称已被注册使用，请重新命名", "Success": False}, 400
            )
        self.repositories[kind, name] = Published(name, kind)
        self.repositories[kind, name].commit({".gitattributes": b"x"}, "master")
        return _data({"Id": 1})

    def _batch(self, asked: Asked) -> Answer:
        objects = [
            each
            if each["oid"] in self._contents()
            else each | {"actions": {"upload": {"href": f"{self.url}/storage/{each['oid']}"}}}
            for each in asked.json()["objects"]
        ]
        return _data({"objects": objects})

    def _commit(self, asked: Asked, kind: str, name: str, branch: str) -> Answer:
        actions = asked.json()["actions"]
        changes = {
            each["path"]: self._contents()[each["sha256"]]
            if each["type"] == "lfs"
            else base64.b64decode(each["content"])
            for each in actions
        }
        return _data({"oid": self.repositories[kind, name].commit(changes, branch)})


def _entries(repository: Published, commit: Commit) -> Iterator[dict[str, object]]:
    folders = {path.rpartition("/")[0] for path in commit.files if "/" in path}
    yield from ({"Path": folder, "Name": folder, "Type": "tree", "Size": 0} for folder in sorted(folders))
    for path, content in sorted(commit.files.items()):
        revision = commit.changed_by[path]
        yield {
            "Path": path,
            "Name": path.rpartition("/")[2],
            "Type": "blob",
            "Size": len(content),
            "Sha256": "" if path.startswith(".") else sha256(content),  # of some files there is none
            "IsLFS": is_lfs(path),
            "Revision": revision,
            "CommittedDate": repository.commits[revision].date,
        }


def _data(content: object) -> Answer:
    return json_answer({"Code": 200, "Success": True, "Message": "success", "Data": content})


def _error(status: int, message: str) -> Answer:
    return json_answer({"Code": status, "Success": False, "Message": message, "RequestId": "1"}, status)
