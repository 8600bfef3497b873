"""Repositories with a history, as hubs keep them: commits on branches; small files in git, large ones in LFS."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

START = 1_700_000_000  # seconds since 1970, of the first commit
LFS_SUFFIXES = (".safetensors", ".bin", ".pth", ".pt", ".parquet")


@dataclass(frozen=True)
class Commit:
    """All files of a repository after one change, and the commit that changed each of them last."""

    sha: str
    date: int
    files: Mapping[str, bytes]
    changed_by: Mapping[str, str]


@dataclass
class Published:
    """One repository.

    Attributes:
        token: what a reader must send; empty for a public one.
        is_gated: whether the token is not enough, as its terms were not accepted.
    """

    name: str
    kind: str
    token: str = ""
    is_gated: bool = False
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)

    def commit(self, changes: Mapping[str, bytes | None], branch: str = "main", date: int | None = None) -> str:
        """Add files to a branch (None takes one away) and return the new commit; its date is a minute later."""
        parent = self.commits.get(self.branches.get(branch, ""))
        files = {**(parent.files if parent else {}), **changes}
        kept = {path: content for path, content in files.items() if content is not None}
        hashes = sorted((path, sha256(content)) for path, content in kept.items())
        sha = git_oid(repr((self.name, self.kind, len(self.commits), hashes)).encode())
        changed_by = {**(parent.changed_by if parent else {}), **dict.fromkeys(changes, sha)}
        self.commits[sha] = Commit(sha, date or START + 60 * len(self.commits), kept, changed_by)
        self.branches[branch] = sha
        return sha

    def at(self, revision: str) -> Commit | None:
        """Return the commit of a branch or of a hash."""
        return self.commits.get(self.branches.get(revision, revision))


def is_lfs(path: str) -> bool:
    """Say whether a hub keeps a file in its large file storage."""
    return path.endswith(LFS_SUFFIXES)


def sha256(content: bytes) -> str:
    """Return the SHA-256 of contents in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def git_oid(content: bytes) -> str:
    """Return the name of a git blob."""
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content, usedforsecurity=False).hexdigest()


def large_files(repositories: Iterable[Published]) -> dict[str, bytes]:
    """Return what hubs keep in their large file storage, by SHA-256."""
    contents = (item for each in repositories for commit in each.commits.values() for item in commit.files.items())
    return {sha256(content): content for path, content in contents if is_lfs(path)}
