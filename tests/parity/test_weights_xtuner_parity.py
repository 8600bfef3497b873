"""What xtuner's training leaves behind, imported, against the published forward pass with LoRA beside the weights."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import AutoModelForImageTextToText

from checkpoints.clip import tower_config, write_tower, write_whole_clip
from checkpoints.internlm2 import INTERNLM2_CONFIG, internlm2_shapes, write_internlm2
from checkpoints.internlm2_forward import internlm2_logits
from checkpoints.llama import LLAMA_CONFIG, write_llama3
from checkpoints.published_forward import PublishedLlava, require_equal_logits
from checkpoints.xtuner import XtunerTraining, write_converted, write_iteration, write_iteration_of_ranks
from doctorsun.weights.import_weights import ImportRequest, import_weights
from doctorsun.weights.parts import ReadOptions


def llama(folder: Path) -> dict[str, Tensor]:
    return write_llama3(folder, dtype=torch.float32)


def reference(training: XtunerTraining, tower: Mapping[str, Tensor], language: Mapping[str, Tensor]) -> PublishedLlava:
    parts: dict[str, Any] = {"tower": tower, "language": language}
    if training.tower == "whole":
        parts["tower"] = training.whole_tower
    if training.tower == "lora":
        parts["tower_changes"] = training.tower_changes
    if training.language == "whole":
        parts["language"] = training.whole_language
    if training.language == "lora":
        parts["language_changes"] = training.language_changes
    return PublishedLlava(
        tower_config=tower_config(),
        projector=training.projector,
        language_config=LLAMA_CONFIG,
        feature_layer=training.layer,
        **parts,
    )


@pytest.mark.parametrize(
    ("tower", "language"), [("frozen", "frozen"), ("lora", "whole"), ("whole", "lora"), ("lora", "lora")]
)
def test_one_file(tmp_path: Path, tower: Any, language: Any) -> None:
    training = XtunerTraining(tower=tower, language=language, layer=-3)
    write_iteration(tmp_path / "work/iter_10.pth", training)
    bases = write_whole_clip(tmp_path / "clip"), llama(tmp_path / "llama")
    request = ImportRequest(vision=tmp_path / "clip", language=tmp_path / "llama")
    report = import_weights(tmp_path / "work/iter_10.pth", tmp_path / "out", request)
    require_equal_logits(reference(training, *bases), tmp_path / "out")
    assert report["fit"] == "pad"
    assert report["sources"]["source"]["left_over"] == {}


@pytest.mark.parametrize(("stage", "num_ranks"), [(2, 2), (3, 2), (1, 1)])
def test_a_folder_of_ranks(tmp_path: Path, stage: int, num_ranks: int) -> None:
    training = XtunerTraining(tower="lora", language="whole")
    write_iteration_of_ranks(tmp_path / "work/iter_10.pth", training, stage=stage, num_ranks=num_ranks)
    bases = write_tower(tmp_path / "clip", old_names=False), llama(tmp_path / "llama")
    request = ImportRequest(vision=tmp_path / "clip", language=tmp_path / "llama")
    import_weights(tmp_path / "work/iter_10.pth", tmp_path / "out", request)
    require_equal_logits(reference(training, *bases), tmp_path / "out")


def test_a_tower_that_was_trained_whole_needs_no_other(tmp_path: Path) -> None:
    training = XtunerTraining(tower="whole")
    write_iteration(tmp_path / "work/iter_10.pth", training)
    language = llama(tmp_path / "llama")
    request = ImportRequest(language=tmp_path / "llama", read=ReadOptions(vision_config=tower_config()))
    import_weights(tmp_path / "work/iter_10.pth", tmp_path / "out", request)
    require_equal_logits(reference(training, {}, language), tmp_path / "out")


def test_a_converted_folder_with_an_adapter_of_the_tower(tmp_path: Path) -> None:
    training = XtunerTraining(tower="lora", language="whole", pads=False)
    language = write_converted(tmp_path / "hf", training)
    tower = write_tower(tmp_path / "clip")
    report = import_weights(tmp_path / "hf", tmp_path / "out", ImportRequest(vision=tmp_path / "clip", dtype="float32"))
    require_equal_logits(replace(reference(training, tower, {}), language=language), tmp_path / "out")
    assert (report["fit"], report["chat"]) == ("crop", "llama3")


def test_a_converted_folder_with_a_tower_of_its_own_and_an_adapter_of_the_language_model(tmp_path: Path) -> None:
    training = XtunerTraining(tower="whole", language="lora", layer=-1)
    write_converted(tmp_path / "hf", training)
    language = llama(tmp_path / "llama")
    import_weights(tmp_path / "hf", tmp_path / "out", ImportRequest(language=tmp_path / "llama"))
    require_equal_logits(reference(training, {}, language), tmp_path / "out")


def test_a_first_stage_is_the_projector_alone(tmp_path: Path) -> None:
    training = XtunerTraining()
    write_converted(tmp_path / "hf", training)
    bases = write_tower(tmp_path / "clip"), llama(tmp_path / "llama")
    request = ImportRequest(vision=tmp_path / "clip", language=tmp_path / "llama")
    import_weights(tmp_path / "hf", tmp_path / "out", request)
    require_equal_logits(reference(training, *bases), tmp_path / "out")


@pytest.mark.parametrize("trained", ["lora", "whole"])
def test_an_internlm2_that_was_trained_is_the_llama_that_it_is(tmp_path: Path, trained: Any) -> None:
    shapes = internlm2_shapes(INTERNLM2_CONFIG)
    training = XtunerTraining(language=trained, language_shapes=shapes)
    write_iteration(tmp_path / "work/iter_10.pth", training)
    language = write_internlm2(tmp_path / "internlm2", dtype=torch.float32)
    write_tower(tmp_path / "clip")
    request = ImportRequest(vision=tmp_path / "clip", language=tmp_path / "internlm2")
    import_weights(tmp_path / "work/iter_10.pth", tmp_path / "out", request)
    expected = training.whole_language
    if trained == "lora":
        for module, (down, up, scale) in training.language_changes.items():
            language[f"{module}.weight"] += scale * up @ down
        expected = language
    ids = torch.arange(20, 31)
    model = AutoModelForImageTextToText.from_pretrained(tmp_path / "out").eval()
    with torch.no_grad():
        got = model(input_ids=ids[None]).logits[0, :, : INTERNLM2_CONFIG["vocab_size"]]
    torch.testing.assert_close(got, internlm2_logits(expected, INTERNLM2_CONFIG, ids), atol=1e-5, rtol=0)
