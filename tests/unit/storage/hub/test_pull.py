import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from doctorsun.errors import DataError, MachineError, RecipeError
from doctorsun.storage.hub.address import HubName
from doctorsun.storage.hub.kinds import STORE
from doctorsun.storage.hub.pull import check_room
from doctorsun.storage.hub.remote_file import Repository
from doctorsun.storage.size import told_size
from hubs.both import BRANCH, FILES, TAKEN, TOKEN, World, files_below, serve
from hubs.loopback import Fault

BIG = "model.safetensors"
MIB = 2**20
CONTENTS = "GET /storage/"  # of large files
REPOSITORY = Repository(name="o/n", kind="model")


def test_a_repository_comes_into_the_cache_without_its_code(world: World):
    folder = world.pull()
    assert files_below(folder) == {path: FILES[path] for path in TAKEN}
    assert not world.server.paths("modeling|gitattributes")


def test_what_is_there_is_not_fetched_again(world: World):
    world.pull()
    num_asked = len(world.server.asked)
    assert files_below(world.pull()) == {path: FILES[path] for path in TAKEN}
    assert len(world.server.asked) == num_asked


def test_a_floating_address_means_one_commit_from_then_on(world: World):
    before = world.pull()
    world.published.commit({"config.json": b"{}"}, BRANCH[world.name])
    assert world.pull() == before
    assert world.pull(f"@{BRANCH[world.name]}") != before  # another address, pinned today
    entry = json.loads(world.lock.path.read_text())["addresses"]["model"][f"{world.name}:o/n"]
    assert entry["revision"] == world.revision
    assert sorted(entry["files"]) == TAKEN
    assert all(len(file["sha256"]) == 64 for file in entry["files"].values())


def test_a_pinned_address_is_taken_at_its_word(world: World):
    world.published.commit({"config.json": b"{}"}, BRANCH[world.name])
    folder = world.pull(f"@{world.revision}")
    assert (folder / "config.json").read_bytes() == FILES["config.json"]


def test_a_folder_or_a_file_of_a_repository(world: World):
    assert files_below(world.pull("/sub")) == {"tokenizer.model": b"pieces"}
    assert world.pull("/config.json").read_bytes() == FILES["config.json"]
    assert not world.server.paths(CONTENTS)


def test_tensors_that_are_there_again_are_not_fetched(world: World):
    world.published.commit(
        {"pytorch_model.bin": b"again", "original/consolidated.00.pth": b"again"}, BRANCH[world.name]
    )
    assert files_below(world.pull()).keys() == set(TAKEN)
    assert files_below(world.pull("/original")) == {"consolidated.00.pth": b"again"}
    assert world.pull("/pytorch_model.bin").read_bytes() == b"again"


@pytest.mark.parametrize("path", ["/su", "/modeling.py", "/none"])
def test_a_path_without_weights_is_told(world: World, path: str):
    with pytest.raises(
        DataError, match=rf"{world.name}:o/n{path}: got none of the files of weights, expected files that"
    ):
        world.pull(path)


def test_a_repository_that_is_no_store_is_told_before_anything_is_fetched(world: World, tmp_path: Path):
    with serve(world.name, tmp_path / "b", {"x.json": b"{}"}, kind="dataset") as other:
        with pytest.raises(DataError, match=rf"{world.name}:o/n is not a store: got no manifest\.json"):
            other.pull(kinds=STORE)
        assert not other.server.paths("x.json|FilePath")


def test_locked_takes_what_the_lock_names(world: World):
    world.pull()
    assert files_below(world.pull(locked=True, cache="another")) == {path: FILES[path] for path in TAKEN}


@pytest.mark.parametrize(("rest", "floats"), [("", "floats and that "), ("@" + "a" * 40, "")])
def test_locked_refuses_the_rest(world: World, rest: str, floats: str):
    with pytest.raises(RecipeError, match=f"got an address that {floats}the lock does not name; run once without"):
        world.pull(rest, locked=True)
    assert not world.server.asked


def test_offline_takes_the_cache(world: World):
    before = world.pull()
    num_asked = len(world.server.asked)
    assert world.pull(offline=True) == before
    assert len(world.server.asked) == num_asked


def test_offline_says_what_is_missing(world: World):
    folder = world.pull()
    num_asked = len(world.server.asked)
    (folder / "config.json").unlink()
    with pytest.raises(DataError, match=r"o/n: offline: got config\.json \(\d+ B\) not on this machine; run once"):
        world.pull(offline=True)
    with pytest.raises(
        DataError, match=r"o/n: offline: got config\.json and 2 more \([\d.]+ k?B\) not on this machine"
    ):
        world.pull(offline=True, cache="another")
    with pytest.raises(
        DataError, match=r"@v1: offline, and its commit is not known: got no entry of it in .*models\.lock"
    ):
        world.pull("@v1", offline=True)
    assert len(world.server.asked) == num_asked


def test_a_damaged_file_in_the_cache_is_fetched_again(world: World):
    folder = world.pull()
    damaged = (folder / BIG).resolve()
    damaged.write_bytes(FILES[BIG][::-1])
    with pytest.raises(
        DataError, match=r"o/n@[0-9a-f]{40}/model\.safetensors is not the file .*; run once with a network"
    ):
        world.pull(offline=True)
    assert files_below(world.pull()) == {path: FILES[path] for path in TAKEN}


@pytest.mark.parametrize(("name", "size_bytes", "written"), [("hf", 21 * MIB, 10 * MIB), ("ms", 10_000, 5_000)])
def test_a_cut_transfer_goes_on_where_it_was_cut(name: HubName, size_bytes: int, written: int, tmp_path: Path):
    content = bytes(size_bytes)  # Hugging Face's client writes ten megabytes at once
    with serve(name, tmp_path, {BIG: content}) as world:
        world.server.faults.append(Fault(CONTENTS, "cut"))
        assert (world.pull() / BIG).read_bytes() == content
        first, second = world.server.paths(CONTENTS)
    assert first.headers.get("range") is None
    assert second.headers["range"] == f"bytes={written}-"


def test_wrong_bytes_are_fetched_once_more(world: World):
    world.server.faults.append(Fault(CONTENTS, "wrong"))
    assert (world.pull() / BIG).read_bytes() == FILES[BIG]
    assert len(world.server.paths(CONTENTS)) == 2


def test_bytes_that_stay_wrong_are_thrown_away(world: World):
    world.server.faults.append(Fault(CONTENTS, "wrong", times=9))
    with pytest.raises(
        DataError, match=r"is not the file that was listed: got SHA-256 .* in place of .*; do not use it"
    ):
        world.pull()
    assert len(world.server.paths(CONTENTS)) == 2
    assert world.client().local(REPOSITORY, world.revision, BIG) is None
    assert not any(
        FILES[BIG][:1] != content[:1] for content in files_below(world.folder).values() if len(content) == 10000
    )


def test_wrong_bytes_of_a_small_file_are_found_too(world: World):
    pattern = r"GET /o/n/resolve/.*config\.json|GET /api/v1/models/o/n/repo$"
    world.server.faults.append(Fault(pattern, "wrong", times=9))
    with pytest.raises(DataError, match=r"config\.json is not the file that was listed: got (SHA-256|git blob) "):
        world.pull("/config.json")


@pytest.mark.parametrize("path", [BIG, "config.json"])
@pytest.mark.parametrize("written", [{"sha256": "0" * 64}, {"size_bytes": 7}])
def test_a_lock_that_is_not_what_the_hub_lists_is_named(world: World, path: str, written: dict[str, object]):
    folder = world.pull()
    content = json.loads(world.lock.path.read_text())
    content["addresses"]["model"][f"{world.name}:o/n"]["files"][path] |= written
    world.lock.path.write_text(json.dumps(content))
    for cache in ("cache", "another"):
        with pytest.raises(DataError, match=rf"models\.lock: {world.name}:o/n: {path}: got [\d,]+ bytes, SHA-256 "):
            world.pull(cache=cache)
    assert files_below(folder) == {path: FILES[path] for path in TAKEN}


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_hub_that_is_busy_is_asked_again(world: World, status: int):
    listing = "GET /api/(models/o/n$|v1/models/o/n/repo/files)"
    world.server.faults.append(Fault(listing, status=status, times=2))
    world.server.faults.append(Fault(CONTENTS, status=503, times=2))
    assert files_below(world.pull()) == {path: FILES[path] for path in TAKEN}
    assert not any(world.waits)  # the hub said that it need not be waited for


def test_a_hub_that_stays_busy_is_told(world: World):
    world.server.faults.append(Fault("GET /api/", status=503, times=99))
    with pytest.raises(DataError, match=r"o/n(@\w+)?: got 503, .*; the hub is out of order: run again later"):
        world.pull()
    assert len(world.server.asked) in {4, 5}  # ModelScope's client counts itself


def test_a_hub_that_was_asked_too_often_is_told(world: World):
    world.server.faults.append(Fault("GET /api/", status=429, times=99))
    with pytest.raises(DataError, match=r"got 429, .*; it was asked too often: wait some minutes and run again"):
        world.pull()


def test_what_was_fetched_before_a_fault_stays(world: World):
    world.server.faults.append(Fault(CONTENTS, status=503, times=99))
    with pytest.raises(DataError, match="got 503"):
        world.pull()
    world.server.faults.clear()
    num_asked = len(world.server.asked)
    world.pull()
    assert not [asked for asked in world.server.asked[num_asked:] if "config.json" in f"{asked.path}{asked.query}"]


def test_what_does_not_exist_is_told(world: World):
    missing = "@" + "a" * 40
    with pytest.raises(
        DataError, match=rf"{world.name}:o/n{missing}: got 404, .*; check owner, name, revision and path"
    ):
        world.pull(missing, token=TOKEN)


def test_a_private_repository_needs_its_token(world: World):
    world.published.token = TOKEN
    variable = {"hf": "HF_TOKEN", "ms": "MODELSCOPE_API_TOKEN"}[world.name]
    with pytest.raises(DataError, match=rf"got (401|404), .*set {variable}"):
        world.pull()
    assert (world.pull(token=TOKEN) / BIG).read_bytes() == FILES[BIG]


def test_a_wrong_token_is_told(world: World):
    world.server.faults.append(Fault("GET /api/", status=401))
    title = {"hf": "Hugging Face", "ms": "ModelScope"}[world.name]
    with pytest.raises(DataError, match=rf"got 401, .*, expected a token that {title} knows; set \w+_TOKEN"):
        world.pull()


def test_terms_that_were_not_accepted_are_told(world: World):
    world.published.is_gated = True
    with pytest.raises(DataError, match=r"got 403, .*; ask for access on its page, and set \w+_TOKEN of the account"):
        world.pull(token=TOKEN)


def test_a_hub_that_breaks_off_is_told(world: World):
    world.server.faults.append(Fault("GET /api/", "cut", times=99))
    variable = {"hf": "HF_ENDPOINT", "ms": "MODELSCOPE_ENDPOINT"}[world.name]
    with pytest.raises(
        DataError, match=rf"gives no answer \(.*check the network; {variable} names a mirror, and --off"
    ):
        world.pull()


@pytest.mark.parametrize("path", [BIG, "config.json"])
def test_a_range_of_a_file_is_read(world: World, path: str):
    assert world.client().read(REPOSITORY, world.revision, path, 3, 17) == FILES[path][3:17]


@pytest.mark.parametrize("fault", [Fault(CONTENTS, "cut"), Fault(CONTENTS, status=503), Fault(CONTENTS, status=429)])
def test_a_range_that_a_fault_struck_is_read_again(world: World, fault: Fault):
    world.server.faults.append(replace(fault))
    assert world.client().read(REPOSITORY, world.revision, BIG, 3000, 7000) == FILES[BIG][3000:7000]
    assert len(world.waits) == 1


def test_a_range_of_a_file_that_is_not_there_is_told(world: World):
    with pytest.raises(DataError, match=rf"^{world.name}:o/n@{world.revision}/none\.bin: got 404, "):
        world.client(token=TOKEN).read(REPOSITORY, world.revision, "none.bin", 0, 1)


def test_a_disk_that_cannot_be_written_is_told(world: World):
    (world.folder / "cache").write_text("a file where the cache should be")
    with pytest.raises(DataError, match=r"cannot write .*cache: got .*; check the folder and its permissions"):
        world.pull()


def test_a_folder_is_filled_from_the_cache(world: World):
    world.pull()
    num_asked = len(world.server.asked)
    assert files_below(world.pull(into=world.folder / "out", offline=True)) == {path: FILES[path] for path in TAKEN}
    assert len(world.server.asked) == num_asked


def test_a_client_that_tries_again_writes_no_lines_of_its_own(world: World, capfd: pytest.CaptureFixture[str]):
    world.server.faults.append(Fault(CONTENTS, status=503, times=99))
    with pytest.raises(DataError, match="got 503"):
        world.pull()
    assert capfd.readouterr().err == ""


def test_files_that_do_not_fit_the_disk_are_not_begun(tmp_path: Path):
    free_bytes = shutil.disk_usage(tmp_path).free
    check_room(tmp_path / "not" / "there", free_bytes // 2)
    wanted = re.escape(f"expected {told_size(2 * free_bytes)}; free some space")
    with pytest.raises(MachineError, match=rf"no room on the disk for .*there: got [0-9.]+ [kMGT]B free, {wanted}"):
        check_room(tmp_path / "not" / "there", 2 * free_bytes)


def test_a_folder_that_cannot_be_written_is_not_told_as_full():
    with pytest.raises(DataError, match=r"cannot write /proc/none/cache: got .*; check the folder and its permissions"):
        check_room(Path("/proc/none/cache"), 2**60)


def test_a_repository_that_does_not_fit_the_disk_is_not_begun(world: World):
    world.pull("/config.json")
    content = json.loads(world.lock.path.read_text())
    content["addresses"]["model"][f"{world.name}:o/n"]["files"][BIG]["size_bytes"] = 2**60
    world.lock.path.write_text(json.dumps(content))
    with pytest.raises(MachineError, match=r"expected 1\.15e\+06 TB; free"):
        world.pull()
    assert not world.server.paths(CONTENTS)


def test_a_file_that_is_in_the_folder_already_needs_no_room(world: World):
    out = world.folder / "out"
    world.pull(into=out)
    content = json.loads(world.lock.path.read_text())
    content["addresses"]["model"][f"{world.name}:o/n"]["files"][BIG]["size_bytes"] = 2**60
    world.lock.path.write_text(json.dumps(content))
    shutil.rmtree(world.folder / "cache", ignore_errors=True)
    with pytest.raises(DataError, match=r"models\.lock: .*: model\.safetensors: got 1,152,921,504,606,846,976 bytes"):
        world.pull(into=out)
    (out / BIG).unlink()
    with pytest.raises(MachineError, match="no room on the disk"):
        world.pull(into=out)


@pytest.mark.parametrize(("branch", "written"), [("refs/pr/1", "@refs/pr/1"), ("feature/x", "@feature%2Fx")])
def test_a_branch_with_a_slash_in_its_name(world: World, branch: str, written: str):
    world.published.branches[branch] = world.revision
    world.published.commit({"config.json": b"{}"}, BRANCH[world.name])
    assert (world.pull(f"{written}/config.json")).read_bytes() == FILES["config.json"]
    assert f"{world.name}:o/n{written}" in json.loads(world.lock.path.read_text())["addresses"]["model"]
    with pytest.raises(DataError, match="a '/' in a branch's name is written %2F"):
        world.pull("@feature/other", token=TOKEN)


def test_bars_of_progress_stay_on_terminals(world: World, capfd: pytest.CaptureFixture[str]):
    world.pull()
    assert not capfd.readouterr().err
