"""Stores in object storage: pyarrow's real client against moto's S3, which is made to fail."""

import json
import re
from collections.abc import Generator
from pathlib import Path

import pytest

from doctorsun.errors import DataError, DoctorSunError, MachineError, RecipeError
from doctorsun.storage.hub.hub import open_hub
from doctorsun.storage.hub.kinds import STORE
from doctorsun.storage.hub.object_storage import ObjectStorage
from doctorsun.storage.hub.pull import PullRules, pull
from doctorsun.storage.hub.pull_folder import pull_to
from doctorsun.storage.hub.push import pack, push
from doctorsun.storage.hub.remote_file import Repository, remote_file
from doctorsun.storage.store import Store
from hubs.both import files_below
from hubs.bucket_world import DEMO, FOLDER, PLACE, World, address, serve_world
from hubs.loopback import Fault
from hubs.object_storage import ENVIRONMENT, KEY, SECRET, put_object
from small_model import assistant, sample, write_store


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[World]:
    with serve_world(tmp_path, monkeypatch) as world:
        yield world


def test_a_store_arrives_with_its_manifest_last_and_comes_back(world: World):
    assert world.push() == PLACE
    assert world.sent()[-1] == "manifest.json"
    assert sorted(world.sent()) == sorted(world.content)
    Store(world.pull()).verify()
    assert files_below(world.pull()) == world.content


def test_an_interrupted_fetch_goes_on_at_the_byte_where_it_stopped(world: World, tmp_path: Path):
    world.push()
    path, content = next((path, content) for path, content in world.content.items() if path != "manifest.json")
    unfinished = tmp_path / "into/shards" / f".{Path(path).name}.unfinished"
    unfinished.parent.mkdir(parents=True)
    unfinished.write_bytes(content[:100])
    shard = Store(world.store).manifest.shards[0]
    file = remote_file(path, shard.size_bytes, sha256=shard.sha256)
    assert world.client().begun(DEMO, "", file, tmp_path / "into") == 100
    assert world.client().begun(DEMO, "", file, None) == 0
    place = world.client().fetch(DEMO, "", file, tmp_path / "into", anew=False)
    assert place.read_bytes() == content
    assert not unfinished.exists()
    (asked,) = world.server.paths("GET .*parquet")
    assert asked.headers["range"] == f"bytes=100-{len(content) - 1}"


@pytest.mark.parametrize("kind", ["cut", "status"])
def test_one_fault_passes_by_itself(world: World, kind: str):
    world.push()
    world.server.faults = [Fault("GET .*parquet", kind)]
    repository, client = Repository(name=FOLDER, kind="dataset"), world.client(num_attempts=2)
    revision = client.resolve(repository, None)
    for file in client.files(repository, revision):
        client.fetch(repository, revision, file, None, anew=False)
    assert files_below(world.folder / "cache/s3" / FOLDER / revision) == world.content


def test_a_transfer_that_stays_cut_is_told_and_goes_on_later(world: World):
    world.push()
    world.server.faults = [Fault("GET .*parquet", "cut")]
    with pytest.raises(DataError, match=r"parquet: got NETWORK_CONNECTION \(Transferred a partial file\); check the n"):
        world.pull()
    assert files_below(world.pull()) == world.content


def test_wrong_bytes_are_fetched_again_once(world: World):
    world.push()
    world.server.faults = [Fault("GET .*parquet", "wrong")]
    assert files_below(world.pull()) == world.content
    world.server.faults = [Fault("GET .*parquet", "wrong", times=9)]
    with pytest.raises(DataError, match=r"parquet is not the file that was listed: got SHA-256 \w+ in place of \w+"):
        world.pull(cache="another")


def test_a_pulled_folder_is_whole_or_not_there(world: World, tmp_path: Path):
    world.push()
    world.server.faults = [Fault("GET .*parquet", status=403)]
    out, pinned = tmp_path / "out", address(PLACE)
    with pytest.raises(DataError, match="ACCESS_DENIED"):
        pull_to(out, pinned, STORE, world.client(), world.lock, rules=PullRules())
    assert not out.exists()
    pull_to(out, pinned, STORE, world.client(), world.lock, rules=PullRules())
    assert files_below(out) == world.content


def test_the_lock_holds_the_store_that_was_meant_first(world: World, tmp_path: Path):
    with pytest.raises(RecipeError, match="got an address that floats and that the lock does not name; run once"):
        world.pull(locked=True)
    world.push()
    pinned = world.pull()
    entry = json.loads(world.lock.path.read_text())["addresses"]["dataset"][PLACE]
    assert Store(pinned).sha256.startswith(entry["revision"])
    other = write_store(tmp_path / "other", [sample("o", assistant("Other."))])
    for path, content in files_below(other.folder).items():
        put_object(world.server, f"{FOLDER}/{path}", content)
    assert world.pull(locked=True) == pinned
    for _ in range(2):
        with pytest.raises(DataError, match=r"demo: got another store, expected the store \w{40}; name what lies"):
            world.pull(cache="empty", locked=True)
    for path, content in world.content.items():
        put_object(world.server, f"{FOLDER}/{path}", content)
    assert files_below(world.pull(cache="empty", locked=True)) == world.content


def test_a_lock_that_is_not_what_the_manifest_says_is_named(world: World):
    world.push()
    folder = world.pull()
    shard = Store(world.store).manifest.shards[0].path
    content = json.loads(world.lock.path.read_text())
    content["addresses"]["dataset"][PLACE]["files"][shard]["sha256"] = "0" * 64
    world.lock.path.write_text(json.dumps(content))
    with pytest.raises(DataError, match=rf"models\.lock: {PLACE}: {shard}: got [\d,]+ bytes, SHA-256 0000"):
        world.pull()
    assert files_below(folder) == world.content


def test_offline_takes_what_is_here(world: World):
    with pytest.raises(DataError, match=f"{PLACE}: offline"):
        world.pull(offline=True)
    world.push()
    world.pull()
    num_asked = len(world.server.asked)
    assert files_below(world.pull(offline=True)) == world.content
    with pytest.raises(DataError, match=r"offline: got manifest.json and \d more .* not on this machine"):
        world.pull(cache="empty", offline=True)
    assert len(world.server.asked) == num_asked


def test_a_store_that_is_replaced_between_two_questions_is_told(world: World):
    world.push()
    with pytest.raises(DataError, match=f"{PLACE}: got another store, expected the store {'a' * 40}; name what lies"):
        world.client().files(DEMO, "a" * 40)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("s3://no-bucket/demo", "s3://no-bucket: got no such bucket; check its name; buckets are made with the tools"),
        ("s3://bucket/none", "s3://bucket/none is not a store: got no manifest.json; check the path; 'doctorsun data"),
        ("s3://bucket", "s3://bucket is not a store: got no manifest.json"),
    ],
)
def test_what_is_not_there_is_told(world: World, text: str, message: str):
    with pytest.raises(DataError, match=re.escape(message)):
        world.pull(text)


def test_a_missing_or_short_object_is_told(world: World):
    world.push()
    repository = DEMO
    with pytest.raises(DataError, match=r"s3://bucket/sets/demo/none: got no such object; push the store again"):
        world.client().read(repository, "", "none", 0, 10)
    size_bytes = len(world.content["manifest.json"])
    message = rf"manifest.json: got a file that ends at byte {size_bytes:,}, expected {size_bytes + 7:,} bytes"
    with pytest.raises(DataError, match=message):
        world.client().read(repository, "", "manifest.json", 10, size_bytes + 7)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Fault(".", status=401, times=9), "got ACCESS_DENIED; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of an"),
        (Fault(".", status=403, times=9), "got ACCESS_DENIED; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of an"),
        (Fault(".", status=301, times=9), "got HTTP 301; set AWS_REGION to the region of the bucket"),
        (Fault(".", status=503, times=9), "got HTTP 503; the service is out of order or asked too often"),
        (Fault(".", status=429, times=9), "run again later; finished files stay"),
    ],
)
def test_what_the_service_refuses_is_told_without_keys(world: World, fault: Fault, message: str):
    world.push()
    world.server.faults = [fault]
    with pytest.raises(DataError, match=message) as caught:
        world.pull()
    assert KEY not in str(caught.value)
    assert SECRET not in str(caught.value)


def test_the_card_comes_with_its_store(world: World):
    (world.store / "README.md").write_text("Ours. 我们的。\n", encoding="utf-8")
    world.push(paths=["README.md"])
    folder = world.pull()
    assert files_below(folder) == world.content
    assert files_below(world.pull(cache="another", locked=True)) == world.content
    (folder / "README.md").write_bytes(b"damaged")
    assert files_below(world.pull()) == world.content


def test_a_card_that_another_tool_brought_is_known_by_its_bytes(world: World):
    world.push()
    put_object(world.server, f"{FOLDER}/README.md", b"Theirs.")
    assert (world.pull() / "README.md").read_bytes() == b"Theirs."
    for newer in (b"Newer.", b"Newest.", b"The newest."):
        put_object(world.server, f"{FOLDER}/README.md", newer)
        assert (world.pull() / "README.md").read_bytes() == b"Theirs."
        with pytest.raises(
            DataError, match=rf"{PLACE}/README\.md: got another card, or none, expected 7 bytes, .*; take R"
        ):
            world.pull(cache="another")
    lock = json.loads(world.lock.path.read_text())
    del lock["addresses"]["dataset"][PLACE]["files"]["README.md"]
    world.lock.path.write_text(json.dumps(lock))
    assert files_below(world.pull(cache="another")) == world.content


def test_a_service_that_is_not_there_is_told(world: World):
    client = ObjectStorage(endpoint="http://127.0.0.1:9", cache=world.folder, num_attempts=1)
    with pytest.raises(
        DataError, match=r"got NETWORK_CONNECTION \(Could not connect to server\); check the network; A"
    ):
        client.resolve(DEMO, None)


def test_the_disk_is_checked_before_a_shard_is_asked_for(world: World):
    world.push()
    manifest = json.loads(world.content["manifest.json"])
    manifest["shards"][0]["size_bytes"] = 2**60
    put_object(world.server, f"{FOLDER}/manifest.json", json.dumps(manifest).encode())
    with pytest.raises(MachineError, match="no room on the disk"):
        world.pull()
    assert not world.server.paths("GET .*parquet")


def test_a_manifest_keeps_to_its_folder(world: World):
    manifest = json.loads(world.content["manifest.json"])
    manifest["shards"][0]["path"] = "../../evil.parquet"
    put_object(world.server, f"{FOLDER}/manifest.json", json.dumps(manifest).encode())
    with pytest.raises(DataError, match="got a path that leads out of the repository"):
        world.pull()


def test_a_damaged_manifest_is_told(world: World):
    put_object(world.server, f"{FOLDER}/manifest.json", b"[1")
    message = (
        rf"^{PLACE}/manifest\.json is damaged: got JSONDecodeError: .*; remove {PLACE} with the tools of the service"
    )
    for _ in range(2):
        with pytest.raises(DataError, match=message):
            world.pull()
    assert not world.lock.path.exists()


def test_oss_names_the_bucket_in_the_host(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DOCTORSUN_CACHE", str(world.folder / "cache"))
    oss = open_hub("oss")
    with pytest.raises(RecipeError, match=r"oss://: got no address of its service; set AWS_ENDPOINT_URL, for example"):
        oss.resolve(DEMO, None)
    world.push()
    monkeypatch.setenv("AWS_ENDPOINT_URL", world.server.storage_url)
    del world.server.asked[:]
    folder = pull(address("oss://bucket/sets/demo"), STORE, open_hub("oss"), world.lock, rules=PullRules())
    assert files_below(folder) == world.content
    assert {asked.headers["host"].split(":")[0] for asked in world.server.asked} == {"bucket.localhost"}


def test_place_region_and_cache_are_those_of_the_environment(world: World, monkeypatch: pytest.MonkeyPatch):
    world.push()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", world.server.url + "/")
    monkeypatch.setenv("AWS_REGION", "cn-north-1")
    monkeypatch.setenv("DOCTORSUN_CACHE", str(world.folder / "mine"))
    folder = pull(address(PLACE), STORE, open_hub("s3"), world.lock, rules=PullRules())
    assert folder.is_relative_to(world.folder / "mine")
    assert "/cn-north-1/s3/" in world.server.asked[-1].headers["authorization"]


@pytest.mark.parametrize(
    ("url", "got", "do"),
    [
        ("127.0.0.1:9000", "got '127.0.0.1:9000'", "write http:// or https:// before it"),
        ("ftp://host", "got 'ftp://host'", "write it so"),
        ("http://host/minio", "got 'http://host/minio'", "write it so"),
        (
            f"http://{KEY}:{SECRET}@host",
            "got an address with keys in it",
            "write it without them; the keys stand in AWS",
        ),
    ],
)
def test_an_endpoint_is_a_scheme_and_a_host(url: str, got: str, do: str, tmp_path: Path):
    with pytest.raises(
        DoctorSunError, match=f"AWS_ENDPOINT_URL: {got}, expected http:// or https://.*; {do}"
    ) as caught:
        ObjectStorage(endpoint=url, cache=tmp_path).resolve(DEMO, None)
    assert SECRET not in str(caught.value)


def test_without_an_endpoint_amazon_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert ObjectStorage(cache=tmp_path)._client.region == "eu-west-1"


def test_a_proxy_is_asked_for_what_no_proxy_does_not_name(world: World, monkeypatch: pytest.MonkeyPatch):
    for name in ("NO_PROXY", "no_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", world.server.url.replace("://", "://user:p%40ss@"))
    client = ObjectStorage(endpoint="http://s3.invalid", cache=world.folder / "cache", num_attempts=1)
    push(pack(world.store, STORE), address(PLACE), STORE, client, private=False)
    pulled = pull(address(PLACE), STORE, client, world.lock, rules=PullRules())
    assert files_below(pulled) == world.content
    assert {asked.target.partition("/bucket")[0] for asked in world.server.asked} == {"http://s3.invalid"}
    assert {asked.headers["proxy-authorization"] for asked in world.server.asked} == {"Basic dXNlcjpwQHNz"}
    monkeypatch.setenv("NO_PROXY", "s3.invalid")
    with pytest.raises(DataError, match="Could not resolve hostname"):
        ObjectStorage(endpoint="http://s3.invalid", cache=world.folder, num_attempts=1).resolve(DEMO, None)


@pytest.mark.parametrize(("region", "host"), [("eu-west-1", "eu-west-1.amazonaws.com"), ("cn-north-1", ".com.cn")])
def test_no_proxy_names_amazon_too(region: str, host: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "no_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_REGION", region)
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:9")
    with pytest.raises(RecipeError, match="the proxy in HTTPS_PROXY"):
        ObjectStorage(cache=tmp_path).resolve(DEMO, None)
    monkeypatch.setenv("NO_PROXY", host)
    assert ObjectStorage(cache=tmp_path)._client.region == region
