import errno
import pickle
from collections.abc import Generator
from pathlib import Path

import pytest
import requests
from modelscope_hub.errors import CacheError, CacheNotFound, NetworkError

from doctorsun.errors import DataError, MachineError
from doctorsun.storage.hub.faults import Patience
from doctorsun.storage.hub.fetcher import Fetcher
from doctorsun.storage.hub.modelscope import ModelScopeHub
from doctorsun.storage.hub.remote_file import Repository, remote_file
from hubs.both import FILES, TOKEN, World, serve
from hubs.published import START, Commit, sha256

BIG = "model.safetensors"
CONFIG = remote_file("config.json", len(FILES["config.json"]), sha256=sha256(FILES["config.json"]))
REPOSITORY = Repository(name="o/n", kind="model")


@pytest.fixture
def world(tmp_path: Path) -> Generator[World]:
    with serve("ms", tmp_path) as world:
        yield world


@pytest.mark.parametrize("into", [None, "out"])
def test_a_part_that_is_here_is_known_and_gone_on_with(world: World, into: str | None):
    folder = world.folder / into if into else None
    place = world.pull(into=folder) / BIG
    place.rename(place.with_name(f"{BIG}.incomplete"))
    with place.with_name(f"{BIG}.incomplete").open("r+b") as part:
        part.truncate(100)
    listed = remote_file(BIG, len(FILES[BIG]), sha256=sha256(FILES[BIG]))
    assert world.client().begun(REPOSITORY, world.revision, listed, folder) == 100
    assert world.client().begun(REPOSITORY, world.revision, listed, world.folder / "other") == 0
    assert (world.pull(into=folder) / BIG).read_bytes() == FILES[BIG]
    assert world.server.paths("GET /storage/")[-1].headers["range"] == "bytes=100-"


def test_a_branch_means_its_newest_commit(world: World):
    newest = world.published.commit({"config.json": b"{}"}, "master")
    assert world.client().resolve(REPOSITORY, None) == world.client().resolve(REPOSITORY, "master") == newest


def test_a_commit_means_itself(world: World):
    assert world.client().resolve(REPOSITORY, world.revision) == world.revision
    assert not world.server.asked


def test_another_branch_means_its_own_commit(world: World):
    world.published.branches["v1"] = world.revision
    world.published.commit({"config.json": b"{}"}, "master")
    assert world.client().resolve(REPOSITORY, "v1") == world.revision


def test_a_commit_that_only_takes_files_away_leaves_the_one_before(world: World):
    world.published.commit({"config.json": None}, "master")
    assert world.client().resolve(REPOSITORY, None) == world.revision


def test_clocks_that_disagree_are_seen_by_the_files(world: World):
    world.published.commit({"a.json": b"1"}, "master", date=START + 999)
    newest = world.published.commit({"config.json": b"{}"}, "master", date=START + 60)
    assert world.client().resolve(REPOSITORY, None) == newest


def test_a_branch_whose_commit_cannot_be_told_must_be_named(world: World):
    newest = world.published.commit({"config.json": b"{}"}, "master")
    made = world.published.commits[newest]
    changed_by = dict.fromkeys(made.files, world.revision)  # the listing does not name the newest
    world.published.commits[newest] = Commit(newest, made.date, made.files, changed_by)
    with pytest.raises(
        DataError, match=r"^ms:o/n: got a branch whose newest commit the hub does not tell, expected a revision of 40"
    ):
        world.client().resolve(REPOSITORY, None)


class FailingApi:
    """A client that fails as it is told to."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def download_file(self, *_: object, local_files_only: bool = False, **__: object) -> Path:
        raise CacheNotFound("not here") if local_files_only else self.error


def caused(error: Exception, cause: Exception, *, plainly: bool) -> Exception:
    """Return an error that was raised from another, or while another was handled."""
    if plainly:
        error.__cause__ = cause
    error.__context__ = cause
    return error


def bring_with(world: World, error: Exception) -> None:
    hub = ModelScopeHub(world.server.url, cache=world.folder / "cache", patience=Patience(num_attempts=1))
    hub._api = FailingApi(error)  # the client's part alone
    Fetcher(REPOSITORY, world.revision, hub, "models.lock", world.folder / "out").bring(CONFIG, offline=False)


@pytest.mark.parametrize("plainly", [True, False])
@pytest.mark.parametrize("code", [errno.EFBIG, errno.EDQUOT, errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_fault_of_the_disk_is_told_whatever_the_client_makes_of_it(world: World, code: int, *, plainly: bool):
    error = caused(NetworkError("下载 config.json 在 5 次重试后失败"), OSError(code, "as it says"), plainly=plainly)
    with pytest.raises(MachineError, match=rf"(no room on the disk for|cannot write) {world.folder}/out: got as it sa"):
        bring_with(world, error)


def test_a_folder_that_may_not_be_written_is_told_whatever_the_client_makes_of_it(world: World):
    error = caused(CacheError("Failed"), OSError(errno.EACCES, "denied"), plainly=True)
    with pytest.raises(DataError, match=r"cannot write .*/out: got denied; check the folder and its permissions"):
        bring_with(world, error)


@pytest.mark.parametrize(
    "cause",
    [
        caused(requests.ConnectionError("cut"), OSError(errno.EIO, "of a socket"), plainly=True),
        ConnectionResetError(errno.ECONNRESET, "reset"),
        FileNotFoundError(errno.ENOENT, "a note that the client looked for"),
    ],
)
def test_a_fault_of_the_network_stays_one(world: World, cause: Exception):
    with pytest.raises(DataError, match=r"got ModelScope gives no answer \(it failed\); check the network"):
        bring_with(world, caused(NetworkError("it failed"), cause, plainly=True))


def test_a_connection_that_is_reset_is_no_disk(world: World):
    with pytest.raises(DataError, match=r"got ModelScope gives no answer \(.*reset\); check the network"):
        bring_with(world, ConnectionResetError(errno.ECONNRESET, "reset"))


def test_this_machine_gets_no_name_of_its_own(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MODELSCOPE_HOME", str(world.folder / "home"))
    world.pull()
    assert {"session_id/" + "0" * 32} == {
        part for asked in world.server.asked for part in asked.headers["user-agent"].split("; ") if "session" in part
    }
    assert not (world.folder / "home").exists()


class Opened:
    """Leaves a trace where it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.trace,)


def test_the_pickle_of_a_stored_login_is_not_opened(world: World, monkeypatch: pytest.MonkeyPatch):
    credentials = world.folder / "home" / "credentials"
    credentials.mkdir(parents=True)
    (credentials / "cookies").write_bytes(pickle.dumps(Opened(world.folder / "opened")))
    monkeypatch.setenv("MODELSCOPE_HOME", str(world.folder / "home"))
    monkeypatch.delenv("MODELSCOPE_API_TOKEN", raising=False)
    hub = ModelScopeHub(world.server.url, cache=world.folder / "cache")
    assert hub.files(REPOSITORY, world.revision)
    assert not (world.folder / "opened").exists()


def test_the_token_of_the_environment_is_sent(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MODELSCOPE_API_TOKEN", TOKEN)
    world.published.token = TOKEN
    hub = ModelScopeHub(world.server.url, cache=world.folder / "cache")
    assert hub.resolve(REPOSITORY, None) == world.revision


def test_files_that_somebody_took_away_are_pushed_again(world: World):
    folder, to = world.pull(), Repository(name="me/new", kind="model")
    for _ in range(2):
        world.client(token=TOKEN).push(to, folder, ["config.json"], branch=None, private=False)
        pushed = world.server.repositories["model", "me/new"]
        assert "config.json" in pushed.at("master").files
        pushed.commit({"config.json": None}, "master")


def test_a_name_with_marks_of_a_pattern_is_pushed_alone(world: World, tmp_path: Path):
    for name in ("a[1].json", "a1.json"):
        (tmp_path / name).write_text("{}")
    to = Repository(name="me/new", kind="model")
    world.client(token=TOKEN).push(to, tmp_path, ["a[1].json"], branch=None, private=False)
    files = world.server.repositories["model", "me/new"].at("master").files
    assert "a[1].json" in files
    assert "a1.json" not in files
