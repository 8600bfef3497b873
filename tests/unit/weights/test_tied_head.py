"""A head beside the embedding that it is tied to: compared by an import, and told where it is another."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from checkpoints.clip import write_tower
from checkpoints.llama import write_llama3
from checkpoints.mm_projector import write_mm_projector
from checkpoints.peft import adapter_tensors, write_adapter
from checkpoints.weight_files import write_file
from doctorsun.weights.import_weights import ImportRequest, import_weights
from doctorsun.weights.parts import ReadOptions
from doctorsun.weights.published import read_published
from doctorsun.weights.tensors.open import open_tensors
from doctorsun.weights.tied_head import DIFFERS, strange_head

HEAD, EMBEDDING = "lm_head.weight", "model.embed_tokens.weight"


def write_tied(folder: Path, head: Any) -> dict[str, Tensor]:
    """Write a tied language model with a head in its file; return its tensors.

    Args:
        folder: of the language model.
        head: from the embedding to what lies there as the head.
    """
    tensors = write_llama3(folder, tie_word_embeddings=True, dtype=torch.float16)
    tensors = {**tensors, HEAD: head(tensors[EMBEDDING].clone())}
    write_file(folder / "model.safetensors", tensors)
    return tensors


def told(folder: Path) -> tuple[str, ...]:
    language = read_published(folder).language
    assert language is not None
    return strange_head(language)


@pytest.mark.parametrize("head", [lambda rows: rows, lambda rows: rows.float()])
def test_a_head_that_is_the_embedding_is_nothing_strange(tmp_path: Path, head: Any) -> None:
    write_tied(tmp_path, head)
    assert told(tmp_path) == ()


@pytest.mark.parametrize("head", [lambda rows: rows.flip(0), lambda rows: rows[:-1].clone()])
def test_another_head_is_told(tmp_path: Path, head: Any) -> None:
    write_tied(tmp_path, head)
    assert told(tmp_path) == (DIFFERS,)


def test_without_a_head_in_the_files_there_is_nothing_to_compare(tmp_path: Path) -> None:
    write_llama3(tmp_path / "tied", tie_word_embeddings=True)
    write_llama3(tmp_path / "untied")
    assert told(tmp_path / "tied") == told(tmp_path / "untied") == ()


def test_an_import_tells_it_and_the_user_may_keep_the_head(tmp_path: Path) -> None:
    tensors = write_tied(tmp_path / "language", lambda rows: rows.flip(0))
    write_tower(tmp_path / "tower")
    write_mm_projector(tmp_path / "projector")
    parts = {"vision": tmp_path / "tower", "projector": tmp_path / "projector"}
    report = import_weights(tmp_path / "language", tmp_path / "tied", ImportRequest(**parts))
    assert (report["strange"], report["tied"]) == ([DIFFERS], True)
    assert json.loads((tmp_path / "tied/import.json").read_text())["strange"] == [DIFFERS]
    untied = ImportRequest(**parts, read=ReadOptions(text_config={"tie_word_embeddings": False}))
    report = import_weights(tmp_path / "language", tmp_path / "untied", untied)
    assert (report["strange"], report["tied"]) == ([], False)
    written = open_tensors(tmp_path / "untied").read(f"language_model.{HEAD}")
    assert torch.equal(written[: len(tensors[HEAD])], tensors[HEAD])


def test_a_change_of_the_embedding_is_not_taken_for_a_difference(tmp_path: Path) -> None:
    write_tied(tmp_path / "language", lambda rows: rows)
    write_tower(tmp_path / "tower")
    write_mm_projector(tmp_path / "projector")
    factors = (torch.ones(8, 48), torch.ones(305, 8), 2.0)
    write_adapter(tmp_path / "lora", adapter_tensors({"model.embed_tokens": factors}), {})
    request = ImportRequest(vision=tmp_path / "tower", projector=tmp_path / "projector", language=tmp_path / "language")
    assert import_weights(tmp_path / "lora", tmp_path / "out", request)["strange"] == []
