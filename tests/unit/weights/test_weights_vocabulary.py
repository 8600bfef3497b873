"""Tokens and special tokens, read from each kind of tokenizer's files."""

import json
from pathlib import Path
from typing import Any

import pytest

from checkpoints.tokenizer_files import write_llama3_tokenizer, write_sentencepiece
from doctorsun.errors import WeightsError
from doctorsun.weights.vocabulary import read_vocabulary


def write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


def test_tokenizer_json_holds_words_and_added_tokens(tmp_path: Path):
    write_llama3_tokenizer(tmp_path)
    write_json(tmp_path / "generation_config.json", {"eos_token_id": [301, 304]})
    vocabulary = read_vocabulary(tmp_path)
    assert (vocabulary.file, len(vocabulary.ids), vocabulary.num_ids) == ("tokenizer.json", 305, 305)
    assert vocabulary.told()["bos"] == {"token": "<|begin_of_text|>", "id": 300}
    assert vocabulary.told()["pad"] is None
    assert vocabulary.stop_ids == (301, 304)


def test_pieces_of_sentencepiece_name_their_own_special_tokens(tmp_path: Path):
    write_sentencepiece(tmp_path)
    (tmp_path / "tokenizer_config.json").unlink()
    vocabulary = read_vocabulary(tmp_path)
    assert (vocabulary.file, vocabulary.num_ids) == ("tokenizer.model", 290)
    assert vocabulary.told() == {
        "bos": {"token": "<s>", "id": 1},
        "eos": {"token": "</s>", "id": 2},
        "pad": None,
        "unk": {"token": "<unk>", "id": 0},
        "image": None,
    }


def test_vocab_json_and_tokens_beside_it_make_up_the_vocabulary(tmp_path: Path):
    write_json(tmp_path / "vocab.json", {"a": 0, "b": 1})
    write_json(tmp_path / "added_tokens.json", {"<image>": 5})
    write_json(tmp_path / "tokenizer_config.json", {"eos_token": "<|gone|>"})
    vocabulary = read_vocabulary(tmp_path)
    assert (len(vocabulary.ids), vocabulary.num_ids) == (3, 6)
    assert vocabulary.told()["image"] == {"token": "<image>", "id": 5}
    assert vocabulary.told()["eos"] == {"token": "<|gone|>", "id": None}


def test_a_unigram_vocabulary_is_a_list(tmp_path: Path):
    write_json(tmp_path / "tokenizer.json", {"model": {"vocab": [["<unk>", 0.0], ["a", -1.5]]}, "added_tokens": None})
    assert read_vocabulary(tmp_path).ids == {"<unk>": 0, "a": 1}


def test_a_folder_without_a_tokenizer_is_refused(tmp_path: Path):
    with pytest.raises(
        WeightsError, match=r"got no tokenizer\.json, tokenizer\.model or vocab\.json, expected a token"
    ):
        read_vocabulary(tmp_path)


@pytest.mark.parametrize("content", ["{", "[]", '{"model": {}}', '{"model": {"vocab": [1]}}', "\xff"])
def test_a_damaged_file_is_refused(content: str, tmp_path: Path):
    (tmp_path / "tokenizer.json").write_text(content, encoding="latin-1")
    with pytest.raises(WeightsError, match=r"tokenizer\.json: got .*, expected the vocabulary of a tokenizer; copy"):
        read_vocabulary(tmp_path)


@pytest.mark.parametrize("content", ['{"a": "b"}', '{"a": null}'])
def test_words_without_numbers_are_refused(content: str, tmp_path: Path):
    (tmp_path / "vocab.json").write_text(content)
    with pytest.raises(WeightsError, match=r"vocab\.json: got .*, expected the vocabulary of a tokenizer"):
        read_vocabulary(tmp_path)
