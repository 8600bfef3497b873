from pathlib import Path

import pytest

from doctorsun.errors import RequestError, WeightsError
from doctorsun.recipes.chat import open_chat
from doctorsun.storage.sums import write_sums
from doctorsun.weights.folder import find_weights, revision_of


def weights_in(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    return folder


def test_a_run_and_its_weights_name_the_same_folder(tmp_path: Path) -> None:
    weights = weights_in(tmp_path / "run/weights")
    assert find_weights(tmp_path / "run") == find_weights(weights) == weights


def test_a_folder_without_weights_is_refused_with_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(RequestError) as error:
        find_weights(tmp_path)
    assert error.value.text() == (
        f"{tmp_path}: got no weights, expected a finished run, or a folder of weights;"
        " finish it with 'doctorsun run', or name another folder"
    )
    with pytest.raises(RequestError, match="nowhere: got no such folder, expected a finished run"):
        find_weights(tmp_path / "nowhere")


def test_chat_says_the_same_of_an_unfinished_run_and_that_it_takes_servers_too(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    expected = r"got unfinished run, without weights, expected a finished run, a folder of weights, or the URL of a"
    with pytest.raises(RequestError, match=expected):
        open_chat(str(tmp_path), max_tokens=4).__enter__()


def test_weights_that_are_not_what_their_sums_say_have_no_revision(tmp_path: Path) -> None:
    weights = weights_in(tmp_path / "weights")
    (weights / "tokenizer.json").write_text("{}")
    (weights / "model.safetensors").write_bytes(b"whole")
    before = revision_of(weights)
    write_sums(weights, {})
    (weights / "README.md").write_text("a card of later")
    assert revision_of(weights) == before
    (weights / "model.safetensors").write_bytes(b"whale")
    with pytest.raises(WeightsError, match=r"model\.safetensors is not what SHA256SUMS says: .*; copy the folder"):
        revision_of(weights)
