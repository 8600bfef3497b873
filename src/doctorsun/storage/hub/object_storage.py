"""Object storage that speaks S3, as a hub of stores: each lies below a path of a bucket, its manifest written last."""

import hashlib
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pyarrow as pa
from pyarrow import fs

from doctorsun.errors import DataError, RecipeError
from doctorsun.schema import Manifest
from doctorsun.storage.atomic import disk_errors, sha256_file, sync, unfinished_path, write_bytes
from doctorsun.storage.cache import cache_folder
from doctorsun.storage.hub.endpoint import advice
from doctorsun.storage.hub.object_faults import KEYS, fault_of
from doctorsun.storage.hub.proxy import proxy_of
from doctorsun.storage.hub.remote_file import RemoteFile, Repository, remote_file
from doctorsun.storage.hub.sent_object import etag_of
from doctorsun.storage.manifest_file import parse_manifest
from doctorsun.storage.store_folder import MANIFEST

Scheme = Literal["s3", "oss"]

ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
ENDPOINT_REGION = "us-east-1"  # what services that know no regions are signed with
CARD = "README.md"
TYPE = "application/octet-stream; sha256="  # of objects, with their hash
KEY_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
CHUNK_BYTES = 2**23
REVISION_DIGITS = 40
NUM_ATTEMPTS = 5


class ObjectStorage:
    """A service that speaks S3; keys, region and address are those of the usual variables and files of AWS.

    The proxy is the environment's, as `doctorsun.storage.hub.proxy` reads it.

    A store is named by the first 40 digits of its manifest's SHA-256, since a bucket has no commits.

    Args:
        scheme: ``s3``; or ``oss``, Alibaba Cloud's, which speaks S3 too and wants the bucket in the host's name.
        endpoint: address of the service; AWS_ENDPOINT_URL's when None, and AWS itself without one.
        cache: folder of the stores that were fetched; DOCTORSUN_CACHE's, else ``~/.cache/doctorsun`` when None.
        num_attempts: how often the client tries what may pass by itself.
    """

    def __init__(
        self,
        scheme: Scheme = "s3",
        endpoint: str | None = None,
        *,
        cache: Path | None = None,
        num_attempts: int = NUM_ATTEMPTS,
    ) -> None:
        self.cache = cache or cache_folder()
        self._scheme: Scheme = scheme
        self._endpoint = endpoint
        self._retry = fs.AwsStandardS3RetryStrategy(max_attempts=num_attempts)

    def resolve(self, repository: Repository, revision: str | None) -> str:
        """Return the name of the store that lies there now, as `Hub.resolve`; ``revision`` is always None."""
        if repository.kind != "dataset":
            raise RecipeError(
                self._place(repository),
                got="object storage",
                expected="hf:owner/name, ms:owner/name or a folder",
                do="copy the weights to a folder; stores alone are read from object storage",
            )
        content = self._manifest(repository)
        self._parsed(repository, content)
        found = _name_of(content)
        with disk_errors(self.cache):
            write_bytes(self._folder(repository, found) / MANIFEST, content)
        return revision or found

    def files(self, repository: Repository, revision: str) -> tuple[RemoteFile, ...]:
        """Return the manifest, what it names, and the card that lies beside it, as `Hub.files`."""
        manifest = self._folder(repository, revision) / MANIFEST
        if not manifest.is_file() or _name_of(manifest.read_bytes()) != revision:
            manifest.unlink(missing_ok=True)
            self.resolve(repository, None)
        if not manifest.is_file():
            do = "name what lies there now, or push the store again"
            raise DataError(self._place(repository), got="another store", expected=f"the store {revision}", do=do)
        own = remote_file(MANIFEST, manifest.stat().st_size, sha256=sha256_file(manifest))
        listed = self._parsed(repository, manifest.read_bytes()).shards
        shards = (remote_file(shard.path, shard.size_bytes, sha256=shard.sha256) for shard in listed)
        return (own, *shards, *self._card(repository))

    def local(self, repository: Repository, revision: str, path: str) -> Path | None:
        """Return a file in the cache, as `Hub.local`."""
        place = self._folder(repository, revision) / path
        return place if place.is_file() else None

    def begun(self, repository: Repository, revision: str, file: RemoteFile, into: Path | None) -> int:
        """Return the bytes of an unfinished file, as `Hub.begun`."""
        unfinished = unfinished_path((into or self._folder(repository, revision)) / file.path)
        return unfinished.stat().st_size if unfinished.is_file() else 0

    def fetch(self, repository: Repository, revision: str, file: RemoteFile, into: Path | None, *, anew: bool) -> Path:
        """Bring a file here, as `Hub.fetch`; what an earlier call brought of it is kept."""
        if file.path == CARD and self._card(repository) != (file,):
            what, do = self._place(repository, CARD), f"take {CARD} of this store out of models.lock"
            raise DataError(what, got="another card, or none", expected=file.facts, do=do)
        place = (into or self._folder(repository, revision)) / file.path
        unfinished = unfinished_path(place)
        place.parent.mkdir(parents=True, exist_ok=True)
        if anew:
            unfinished.unlink(missing_ok=True)
        with unfinished.open("ab") as copy:
            for start in range(copy.tell(), file.size_bytes, CHUNK_BYTES):
                stop = min(start + CHUNK_BYTES, file.size_bytes)
                copy.write(self.read(repository, revision, file.path, start, stop))
        sync(unfinished)
        unfinished.replace(place)
        return place

    def read(self, repository: Repository, revision: str, path: str, start: int, stop: int) -> bytes:
        """Return a range of a file, as `Hub.read`; ``revision`` is not asked for: a bucket has the newest alone."""
        del revision
        with self._asking(repository, path), self._client.open_input_file(f"{repository.name}/{path}") as file:
            file.seek(start)
            content = file.read(stop - start)
        if len(content) != stop - start:
            got, expected = f"a file that ends at byte {start + len(content):,}", f"{stop:,} bytes"
            raise DataError(self._place(repository, path), got=got, expected=expected, do="push the store again")
        return content

    def check_push(self, repository: Repository) -> None:
        """Refuse a push to no bucket, or one that does not answer these keys, as `Hub.check_push`."""
        with self._asking(repository):
            self._require_bucket(repository)

    def push(self, repository: Repository, folder: Path, paths: list[str], *, branch: str | None, private: bool) -> str:
        """Write a store, as `Hub.push`, its manifest last; files that are there already are not sent again."""
        del branch  # an address of object storage has none
        what = self._place(repository)
        if private:
            do = "leave --private out; who may read is a setting of the bucket"
            raise RecipeError(what, got="--private", do=do)
        there = self._manifest_there(repository)
        if there is not None and _name_of(there) != _name_of((folder / MANIFEST).read_bytes()):
            self._parsed(repository, there)
            raise DataError(f"cannot push to {what}", got="another store there", do="name another path, or remove it")
        for path in sorted(paths, key=lambda path: path == MANIFEST):
            self._send(repository, folder / path, path)
        return what

    @cached_property
    def _client(self) -> fs.S3FileSystem:
        _require_both_keys()
        url = self._endpoint or _first_of(ENDPOINTS)
        region = _first_of(REGIONS)
        if url is None and self._scheme == "oss":
            do = f"set {ENDPOINTS[-1]}, for example to https://oss-cn-hangzhou.aliyuncs.com"
            raise RecipeError("oss://", got="no address of its service", do=do)
        if url is None:
            return fs.S3FileSystem(region=region, proxy_options=proxy_of(_amazon(region)), retry_strategy=self._retry)
        scheme, host = _service(url)
        return fs.S3FileSystem(
            region=region or ENDPOINT_REGION,
            scheme=scheme,
            endpoint_override=host,
            proxy_options=proxy_of(f"{scheme}://{host}"),
            force_virtual_addressing=self._scheme == "oss",
            retry_strategy=self._retry,
        )

    def _manifest(self, repository: Repository) -> bytes:
        there = self._manifest_there(repository)
        if there is None:
            do = "check the path; 'doctorsun data push STORE ADDRESS' brings a store there"
            raise DataError(f"{self._place(repository)} is not a store", got=f"no {MANIFEST}", do=do)
        return there

    def _card(self, repository: Repository) -> tuple[RemoteFile, ...]:
        """Return README.md, which no manifest names; its hash is the one that the push wrote, or that of its bytes."""
        info = self._info(repository, CARD)
        if info.type != fs.FileType.File:
            return ()
        with self._asking(repository, CARD), self._client.open_input_file(f"{repository.name}/{CARD}") as file:
            told = file.metadata().get("Content-Type", b"").decode()
            sha256 = told.removeprefix(TYPE) if told.startswith(TYPE) else hashlib.sha256(file.read()).hexdigest()
        return (remote_file(CARD, info.size, sha256=sha256),)

    def _parsed(self, repository: Repository, manifest: bytes) -> Manifest:
        """Return a manifest that lies there, or tell what is wrong with it by its address."""
        do = f"remove {self._place(repository)} with the tools of the service, and push the store again"
        return parse_manifest(manifest, self._place(repository, MANIFEST), do=do)

    def _manifest_there(self, repository: Repository) -> bytes | None:
        """Return the manifest that lies there; None where the bucket is there and the manifest is not."""
        info = self._info(repository, MANIFEST)
        if info.type != fs.FileType.File:
            with self._asking(repository):
                self._require_bucket(repository)
            return None
        return self.read(repository, "", MANIFEST, 0, info.size)

    def _require_bucket(self, repository: Repository) -> None:
        bucket = repository.name.partition("/")[0]
        if self._client.get_file_info(bucket).type == fs.FileType.NotFound:
            do = "check its name; buckets are made with the tools of the service"
            raise DataError(f"{self._scheme}://{bucket}", got="no such bucket", do=do)

    def _send(self, repository: Repository, local: Path, path: str) -> None:
        """Write a file, unless it is there, and look at what arrived."""
        sha256 = sha256_file(local)
        if self._found(repository, local, path, sha256) == sha256:
            return
        metadata = {"Content-Type": TYPE + sha256}  # by which a later push knows it: S3 tells no hash of long files
        with (
            self._asking(repository, path),
            local.open("rb") as file,
            self._client.open_output_stream(f"{repository.name}/{path}", metadata=metadata) as out,
        ):
            shutil.copyfileobj(file, out, CHUNK_BYTES)
        found = self._found(repository, local, path, sha256)
        if found != sha256:
            raise DataError(
                f"{self._place(repository, path)} is not what was sent",
                got=f"SHA-256 {found}" if found else "an object of another size or type",
                expected=f"{local.stat().st_size:,} bytes, SHA-256 {sha256}",
                do="push again; if it stays so, the service or what lies before it changes what it is sent",
            )

    def _found(self, repository: Repository, local: Path, path: str, sha256: str) -> str:
        """Return the SHA-256 of an object of the size and type of a file here; empty where there is none.

        It is read back only where its ETag does not tell that it holds the same bytes.
        """
        size_bytes = local.stat().st_size
        if self._info(repository, path).size != size_bytes:
            return ""
        with (
            self._asking(repository, path),
            self._client.open_input_file(f"{repository.name}/{path}") as file,
        ):
            told = {name: value.decode().strip('"') for name, value in file.metadata().items()}
            if told.get("Content-Type") != TYPE + sha256:
                return ""
            if told.get("ETag") == etag_of(local):
                return sha256
            digest = hashlib.sha256()
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
            return digest.hexdigest()

    def _info(self, repository: Repository, path: str) -> fs.FileInfo:
        with self._asking(repository, path):
            return self._client.get_file_info(f"{repository.name}/{path}")

    @contextmanager
    def _asking(self, repository: Repository, path: str = "") -> Generator[None]:
        """Turn what the service refuses in the block into our errors."""
        try:
            yield
        except FileNotFoundError as error:
            raise DataError(self._place(repository, path), got="no such object", do="push the store again") from error
        except (OSError, pa.ArrowException) as error:
            raise fault_of(self._place(repository, path), str(error)) from error

    def _folder(self, repository: Repository, revision: str) -> Path:
        return self.cache / self._scheme / repository.name / revision

    def _place(self, repository: Repository, path: str = "") -> str:
        return f"{self._scheme}://{repository.name}{'/' if path else ''}{path}"


def _name_of(manifest: bytes) -> str:
    return hashlib.sha256(manifest).hexdigest()[:REVISION_DIGITS]


def _first_of(variables: tuple[str, ...]) -> str | None:
    return next((os.environ[name] for name in variables if os.environ.get(name)), None)


def _require_both_keys() -> None:
    """Refuse half of the keys: the client would look for others elsewhere, or ask as nobody, and say neither."""
    missing = [name for name in KEY_VARIABLES if not os.environ.get(name)]
    if len(missing) == 1:
        (there,) = {*KEY_VARIABLES} - {*missing}
        do = f"set {missing[0]} too, or neither"
        raise RecipeError("the keys of object storage", got=f"{there} alone", expected=KEYS, do=do)


def _amazon(region: str | None) -> str:
    """Return the address of Amazon's service, which asks for buckets below it."""
    end = ".cn" if (region or "").startswith("cn-") else ""
    return f"https://s3.{region or ENDPOINT_REGION}.amazonaws.com{end}"


def _service(url: str) -> tuple[str, str]:
    """Return scheme and host of the service's address."""
    parts = urlsplit(url)
    if parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc and parts.path in {"", "/"}:
        return parts.scheme, parts.netloc
    raise RecipeError(
        ENDPOINTS[-1],
        got="an address with keys in it" if "@" in url else f"'{url}'",
        expected="http:// or https:// and a host, with its port if need be",
        do=advice(url, f"the keys stand in {KEYS}"),
    )
