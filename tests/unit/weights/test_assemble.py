import json
import resource
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from checkpoints.three_parts import three_parts
from doctorsun.errors import DataError, MachineError, WeightsError
from doctorsun.processor.processor import Processor
from doctorsun.storage.atomic import sha256_file, unfinished_path
from doctorsun.storage.only_writer import only_writer
from doctorsun.weights.assemble import assemble, write_stock
from doctorsun.weights.hugging_face import load_weights
from doctorsun.weights.parts import Parts
from doctorsun.weights.stock_folder import StockFolder, stock_folder
from doctorsun.weights.tensors.number_type import NumberType

torch.set_num_threads(1)
ORIGIN: dict[str, Any] = {"sources": {"source": {"from": "hf:somebody/weights"}}}
FILES = {
    *("SHA256SUMS", "chat_template.jinja", "config.json", "generation_config.json", "import.json"),
    *("model.safetensors", "preprocessor_config.json", "processor_config.json", "tokenizer.json"),
    "tokenizer_config.json",
}
SHARD_BYTES = 10_000


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    return three_parts(tmp_path_factory.mktemp("parts"))


@pytest.fixture(scope="module")
def stock(parts: Parts) -> StockFolder:
    return stock_folder(parts)


def counted(stock: StockFolder, *, breaks_after: int | None = None, with_what: type[BaseException]) -> StockFolder:
    """Return a folder whose tensors, after so many, break what computes them."""
    made = 0

    def count(tensor: Tensor) -> Tensor:
        nonlocal made
        made += 1
        if made == breaks_after:
            raise with_what
        return tensor

    return replace(stock, tensors={name: tensor.map(count) for name, tensor in stock.tensors.items()})


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: sha256_file(path) for path in folder.iterdir()}


def test_parts_become_a_stock_folder(parts: Parts, tmp_path: Path) -> None:
    report = assemble(parts, tmp_path / "out", origin=ORIGIN)
    assert {path.name for path in tmp_path.iterdir()} == {"out"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    assert json.loads((tmp_path / "out/import.json").read_text()) == report
    versions = report.pop("versions")
    assert report == {
        **ORIGIN,
        "added_rows": 15,
        "added_tokens": {"<image>": 305, "<pad>": 306},
        "chat": "llama3",
        "dtype": "bfloat16",
        "fit": "crop",
        "strange": [],
        "tied": False,
    }
    assert versions["torch"] == torch.__version__
    model, processor = load_weights(tmp_path / "out")
    assert model.dtype == torch.bfloat16
    assert model.config.image_token_id == processor.image_token_id == 305
    assert model.get_input_embeddings().weight.shape == (320, 48)


def test_the_sums_of_every_file_are_kept(parts: Parts, tmp_path: Path) -> None:
    assemble(parts, tmp_path / "out", origin=ORIGIN)
    done = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path / "out", check=True, capture_output=True)
    assert done.stdout.decode().count(": OK\n") == len(FILES) - 1


def test_the_same_parts_give_the_same_bytes(parts: Parts, tmp_path: Path) -> None:
    for name in ("first", "second"):
        assemble(parts, tmp_path / name, origin=ORIGIN)
    assert hashes(tmp_path / "first") == hashes(tmp_path / "second")


def test_nothing_is_written_over(parts: Parts, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(DataError, match=r"cannot write .*out: got something that is already there; remove it or name"):
        assemble(parts, tmp_path / "out", origin=ORIGIN)


def test_what_another_process_has_written_so_far_is_not_touched(parts: Parts, tmp_path: Path) -> None:
    unfinished = tmp_path / ".out.unfinished"
    unfinished.mkdir()
    (unfinished / "model.safetensors").write_bytes(b"its own")
    with (
        only_writer(tmp_path / "out", "import"),
        pytest.raises(DataError, match=r"another import is writing .*out: got"),
    ):
        assemble(parts, tmp_path / "out", origin=ORIGIN)
    assert [path.read_bytes() for path in unfinished.iterdir()] == [b"its own"]
    assemble(parts, tmp_path / "out", origin=ORIGIN)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_progress_is_told_in_bytes(stock: StockFolder, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    write_stock(stock, tmp_path / "out", origin=ORIGIN, watch=lambda done, total: told.append((done, total)))
    total = sum(each.nbytes for each in load_file(tmp_path / "out/model.safetensors").values())
    assert len(told) == len(stock.tensors)
    assert told[-1] == (total, total)
    assert [done for done, _ in told] == sorted({done for done, _ in told})


def test_an_interrupted_call_goes_on(stock: StockFolder, tmp_path: Path) -> None:
    arguments: dict[str, Any] = {"origin": ORIGIN, "shard_bytes": SHARD_BYTES}
    with pytest.raises(KeyboardInterrupt):
        write_stock(counted(stock, breaks_after=40, with_what=KeyboardInterrupt), tmp_path / "out", **arguments)
    assert not (tmp_path / "out").exists()
    told: list[int] = []
    write_stock(stock, tmp_path / "out", **arguments, watch=lambda done, _: told.append(done))
    assert 0 < len(told) < len(stock.tensors) - 20
    write_stock(stock, tmp_path / "undisturbed", **arguments)
    assert hashes(tmp_path / "out") == hashes(tmp_path / "undisturbed")
    assert {path.name for path in tmp_path.iterdir()} == {"out", "undisturbed"}


@pytest.mark.parametrize("change", [{"contents": "other hashes"}, {"origin": {}}])
def test_a_call_with_other_sources_begins_anew(stock: StockFolder, tmp_path: Path, change: dict[str, Any]) -> None:
    arguments: dict[str, Any] = {"origin": ORIGIN, "contents": "hashes", "shard_bytes": SHARD_BYTES}
    with pytest.raises(KeyboardInterrupt):
        write_stock(counted(stock, breaks_after=40, with_what=KeyboardInterrupt), tmp_path / "out", **arguments)
    told: list[int] = []
    write_stock(stock, tmp_path / "out", **{**arguments, **change}, watch=lambda done, _: told.append(done))
    assert len(told) == len(stock.tensors)


def test_a_full_disk_keeps_what_is_finished(stock: StockFolder, tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SHARD_BYTES, limits[1]))
    try:
        # The embedding alone has more bytes than a file may have.
        with pytest.raises(
            MachineError, match=r"no room on the disk for .*out.unfinished: got File too large; free some space"
        ):
            write_stock(stock, tmp_path / "out", origin=ORIGIN, shard_bytes=SHARD_BYTES // 2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(unfinished_path(tmp_path / "out").glob("*.safetensors"))
    told: list[int] = []
    write_stock(
        stock, tmp_path / "out", origin=ORIGIN, shard_bytes=SHARD_BYTES // 2, watch=lambda done, _: told.append(done)
    )
    assert 0 < len(told) < len(stock.tensors)
    load_weights(tmp_path / "out")


def test_nothing_stays_of_what_cannot_be_finished(stock: StockFolder, tmp_path: Path) -> None:
    def damaged(_: Tensor) -> Tensor:
        raise WeightsError("shard 7", got="a cut file", expected="a whole one", do="fetch it again")

    name = "language_model.model.norm.weight"
    broken = replace(stock, tensors={**stock.tensors, name: stock.tensors[name].map(damaged)})
    with pytest.raises(WeightsError, match="shard 7: got a cut file"):
        write_stock(broken, tmp_path / "out", origin=ORIGIN)
    assert list(tmp_path.iterdir()) == []


def test_a_processor_that_disagrees_is_refused(stock: StockFolder, tmp_path: Path) -> None:
    stock.config.image_seq_length += 1
    try:
        with pytest.raises(WeightsError) as error:
            write_stock(stock, tmp_path / "out", origin=ORIGIN)
    finally:
        stock.config.image_seq_length -= 1
    assert error.value.text().endswith(
        "the processor: got image token 305, 16 visual tokens, expected image token 305, 17 visual tokens, as the "
        "configuration says; give the configuration of this very vision tower with --vision-config"
    )
    assert list(tmp_path.iterdir()) == []


def test_tensors_on_disk_are_proved(stock: StockFolder, tmp_path: Path) -> None:
    name = "language_model.model.norm.weight"
    rest = {each: tensor for each, tensor in stock.tensors.items() if each != name}
    with pytest.raises(WeightsError, match=rf"tensor {name}: got none of this name, expected bfloat16 \[48\]; check"):
        write_stock(replace(stock, tensors=rest), tmp_path / "out", origin=ORIGIN)


def test_the_processor_reads_images_as_the_tower_was_trained(parts: Parts, tmp_path: Path) -> None:
    vision = replace(parts.vision, image_mean=(0.5, 0.4, 0.3), image_std=(0.2, 0.3, 0.4))
    projector = replace(parts.projector, fit="pad", feature_strategy="full", feature_layer=-1)
    assemble(replace(parts, vision=vision, projector=projector), tmp_path / "out", origin=ORIGIN)
    model, processor = load_weights(tmp_path / "out")
    assert (processor.images.mean, processor.images.std) == ((0.5, 0.4, 0.3), (0.2, 0.3, 0.4))
    assert processor.images.fit == "pad"
    assert processor.num_visual_tokens == model.config.image_seq_length == 17
    assert (model.config.vision_feature_layer, model.config.vision_feature_select_strategy) == (-1, "full")


def test_a_tied_head_is_not_stored(tmp_path: Path) -> None:
    tied = three_parts(tmp_path, tie_word_embeddings=True)
    report = assemble(tied, tmp_path / "out", origin=ORIGIN)
    assert report["tied"]
    assert "language_model.lm_head.weight" not in load_file(tmp_path / "out/model.safetensors")
    model, _ = load_weights(tmp_path / "out")
    assert model.lm_head.weight is model.get_input_embeddings().weight
    assert len(model.lm_head.weight) == 320


def test_the_processor_of_the_folder_asks_as_the_chat_says(parts: Parts, tmp_path: Path) -> None:
    assemble(parts, tmp_path / "out", origin=ORIGIN, chat="vicuna_v1", dtype=NumberType.FLOAT16)
    assert "ASSISTANT:" in Processor.from_folder(tmp_path / "out").template.source
    assert load_weights(tmp_path / "out")[0].dtype == torch.float16
