from pathlib import Path

import pytest

from doctorsun.errors import DataError, RecipeError
from doctorsun.storage.hub.address import Address, parse_address
from doctorsun.storage.hub.kinds import STORE, WEIGHTS, Kinds
from doctorsun.storage.hub.push import pack, push
from doctorsun.storage.sums import write_sums
from hubs.both import BRANCH, TOKEN, World
from hubs.loopback import Fault

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # within Hugging Face's client

FILES = {"config.json": b"{}", "model.safetensors": bytes(range(200)), "README.md": b"---\nlicense: other\n---\n"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "weights"
    (folder / ".hidden").mkdir(parents=True)
    for path, content in {**FILES, "train.py": b"", "card.html": b"", ".hidden/a.json": b"{}"}.items():
        (folder / path).write_bytes(content)
    return folder


def address(world: World, rest: str) -> Address:
    found = parse_address(f"{world.name}:{rest}")
    assert found is not None
    return found


def send(world: World, folder: Path, to: str = "me/new", kinds: Kinds = WEIGHTS, *, private: bool = False) -> str:
    return push(pack(folder, kinds), address(world, to), kinds, world.client(token=TOKEN), private=private)


def published(world: World, name: str = "me/new", kind: str = "model", branch: str = "") -> dict[str, bytes]:
    commit = world.server.repositories[kind, name].at(branch or BRANCH[world.name])
    return {path: content for path, content in commit.files.items() if path != ".gitattributes"}


def test_only_files_of_weights_are_packed(folder: Path):
    parcel = pack(folder, WEIGHTS)
    assert sorted(parcel.paths) == sorted(FILES)
    assert sorted(parcel.left_out) == ["card.html", "train.py"]
    assert parcel.size_bytes == sum(map(len, FILES.values()))
    assert not parcel.is_checked


def test_what_a_trainer_kept_stays_here(folder: Path):
    kept = ["latest", "rng_state_0.pth", "trainer_state.json", "training_args.bin"]
    for name in kept:
        (folder / name).write_bytes(b"of this machine")
    parcel = pack(folder, WEIGHTS)
    assert sorted(parcel.paths) == sorted(FILES)
    assert sorted(parcel.left_out) == sorted(["card.html", "train.py", *kept])


def test_files_arrive_in_a_repository_that_is_made(world: World, folder: Path):
    page = send(world, folder)
    assert page.startswith(world.server.url)
    assert page.endswith("me/new")
    assert published(world) == FILES


def test_the_client_writes_nothing_of_its_own(world: World, folder: Path, capfd: pytest.CaptureFixture[str]):
    for name in ("a", "b"):  # bars of the one client stand over several files
        (folder / f"{name}.safetensors").write_bytes(name.encode() * 1000)
    send(world, folder)
    assert capfd.readouterr() == ("", "")


def test_a_store_goes_to_a_repository_of_data_sets(world: World, folder: Path):
    assert send(world, folder, kinds=STORE).endswith("datasets/me/new")
    assert published(world, kind="dataset").keys() == {"config.json", "README.md"}


def test_contents_that_are_there_are_not_sent_again(world: World, folder: Path):
    send(world, folder)
    assert len(world.server.paths("PUT /storage/")) == 1
    (folder / "config.json").write_bytes(b'{"changed": true}')
    send(world, folder)
    assert len(world.server.paths("PUT /storage/")) == 1
    assert published(world)["config.json"] == b'{"changed": true}'


def test_an_upload_that_failed_goes_on(world: World, folder: Path):
    world.server.faults.append(Fault("POST .*/commit/", status=403, times=99))
    with pytest.raises(DataError, match=rf"^{world.name}:me/new: got "):
        send(world, folder)
    world.server.faults.clear()
    send(world, folder)
    assert len(world.server.paths("PUT /storage/")) == 1
    assert published(world) == FILES


def test_a_new_repository_can_be_private(world: World, folder: Path):
    send(world, folder, private=True)
    created = str(world.server.created[0])
    assert {"hf": "'visibility': 'private'", "ms": '"Visibility": 1'}[world.name] in created


def test_no_licence_is_granted_in_passing(world: World, folder: Path):
    send(world, folder)
    assert "apache" not in str(world.server.created[0]).lower()


def test_another_branch(world: World, folder: Path):
    send(world, folder)
    (folder / "config.json").write_bytes(b'{"second": true}')
    world.server.repositories["model", "me/new"].branches["v2"] = world.server.repositories["model", "me/new"].branches[
        BRANCH[world.name]
    ]
    send(world, folder, "me/new@v2")
    assert published(world, branch="v2")["config.json"] == b'{"second": true}'
    assert published(world)["config.json"] == b"{}"


def test_without_a_token_nothing_is_sent(world: World, folder: Path):
    with pytest.raises(DataError, match=r"me/new: got 401, .*; set (HF_TOKEN|MODELSCOPE_API_TOKEN)"):
        push(pack(folder, WEIGHTS), address(world, "me/new"), WEIGHTS, world.client(), private=False)
    assert not world.server.paths("PUT|commit")


@pytest.mark.parametrize(("rest", "got"), [("o/n/sub", "a folder in a repository"), ("o/n@" + "a" * 40, "a commit")])
def test_a_push_goes_to_a_branch(world: World, folder: Path, rest: str, got: str):
    with pytest.raises(RecipeError, match=rf"cannot push to {world.name}:{rest}: got {got}, expected owner/name, or"):
        send(world, folder, rest)


def test_a_folder_without_weights_is_not_pushed(tmp_path: Path):
    (tmp_path / "x.py").write_text("")
    with pytest.raises(DataError, match=r"cannot push .*: got none of the files of weights, expected weights; name"):
        pack(tmp_path, WEIGHTS)
    with pytest.raises(DataError, match=r"cannot push .*none: got no such folder"):
        pack(tmp_path / "none", WEIGHTS)


def test_a_folder_that_is_not_what_its_sums_say_is_not_packed(tmp_path: Path):
    (tmp_path / "model.safetensors").write_bytes(bytes(100))
    write_sums(tmp_path, {})
    assert "SHA256SUMS" in pack(tmp_path, WEIGHTS).paths
    assert pack(tmp_path, WEIGHTS).is_checked
    (tmp_path / "model.safetensors").write_bytes(bytes(200))
    with pytest.raises(DataError, match=r"model\.safetensors has changed since SHA256SUMS was written"):
        pack(tmp_path, WEIGHTS)
