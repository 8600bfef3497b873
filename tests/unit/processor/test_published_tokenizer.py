import json
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from checkpoints.sentencepiece_models import LINES, WORDS, trained, write_internlm2, write_llama2
from checkpoints.tokenizer_files import QWEN2_TOKENS, write_llama3_tokenizer, write_qwen2_tokenizer
from doctorsun.errors import WeightsError
from doctorsun.processor.published_tokenizer import load_published
from doctorsun.processor.tokenizer_settings import TokenizerSettings


def load(folder: Path) -> Tokenizer:
    return load_published(TokenizerSettings.read(folder)).tokenizer


def change(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def split_into_two_files(folder: Path) -> None:
    described = json.loads((folder / "tokenizer.json").read_text())
    merges = [" ".join(pair) for pair in described["model"]["merges"]]
    (folder / "vocab.json").write_text(json.dumps(described["model"]["vocab"]))
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]))
    (folder / "tokenizer.json").unlink()
    tokens = {str(token["id"]): {"content": token["content"], "special": True} for token in described["added_tokens"]}
    change(folder / "tokenizer_config.json", added_tokens_decoder=tokens)


def test_vocab_and_merges_are_read_as_qwen_2_does(tmp_path: Path) -> None:
    from transformers import Qwen2Tokenizer

    write_qwen2_tokenizer(tmp_path)
    split_into_two_files(tmp_path)
    tokenizer, stock = load(tmp_path), Qwen2Tokenizer.from_pretrained(tmp_path)
    for words in (*WORDS, *LINES, *QWEN2_TOKENS, "x\u0301 = ẍ", "12345"):
        assert tokenizer.encode(words, add_special_tokens=False).ids == stock(words, add_special_tokens=False).input_ids


def test_tokenizer_json_is_used_as_it_is(tmp_path: Path) -> None:
    write_llama3_tokenizer(tmp_path)
    (tmp_path / "tokenizer.model").write_bytes(trained())
    assert load(tmp_path).to_str() == Tokenizer.from_file(str(tmp_path / "tokenizer.json")).to_str()


def test_a_folder_without_a_tokenizer_is_told(tmp_path: Path) -> None:
    with pytest.raises(WeightsError) as error:
        load(tmp_path)
    assert str(error.value) == (
        f"{tmp_path}: got no tokenizer.json, no tokenizer.model, and no vocab.json with merges.txt, expected a "
        "tokenizer; copy its files beside the weights"
    )


def test_damaged_merges_are_named(tmp_path: Path) -> None:
    write_qwen2_tokenizer(tmp_path)
    split_into_two_files(tmp_path)
    (tmp_path / "merges.txt").write_text("#version: 0.2\na b c\n")
    with pytest.raises(WeightsError, match=r"vocab\.json and .*merges\.txt: got .*, expected a vocabulary and its mer"):
        load(tmp_path)


def test_added_tokens_with_a_gap_between_them_are_refused(tmp_path: Path) -> None:
    write_llama3_tokenizer(tmp_path)
    added = json.loads((tmp_path / "tokenizer.json").read_text())["added_tokens"]
    added[-1]["id"] = 400
    change(tmp_path / "tokenizer.json", added_tokens=added)
    with pytest.raises(
        WeightsError, match=r"token <\|eot_id\|>: got id 400, which leaves a gap, so that it is read as 304"
    ):
        load(tmp_path)


@pytest.mark.parametrize("write", [write_llama2, write_llama3_tokenizer])
@pytest.mark.parametrize("key", ["bos_token", "eos_token", "unk_token"])
def test_a_special_token_that_is_not_there_is_refused(tmp_path: Path, write: Any, key: str) -> None:
    write(tmp_path)
    change(tmp_path / "tokenizer_config.json", **{key: "<none>"})
    with pytest.raises(
        WeightsError, match=r"the special token <none>: got a vocabulary without it, expected a token of"
    ):
        load(tmp_path)


@pytest.mark.parametrize(("write", "text"), [(write_llama2, "\u2581lung"), (write_llama3_tokenizer, "<|eot_id|>")])
def test_an_added_token_at_another_id_is_refused(tmp_path: Path, write: Any, text: str) -> None:
    write(tmp_path)
    change(tmp_path / "tokenizer_config.json", added_tokens_decoder={"70": {"content": text, "special": True}})
    with pytest.raises(WeightsError, match=r"the added token .*: got ids \d+ and 70, expected one id for one token"):
        load(tmp_path)


def test_flags_in_tokenizer_json_go_before_those_of_the_settings(tmp_path: Path) -> None:
    write_llama3_tokenizer(tmp_path)
    entry = {"content": "<|eot_id|>", "lstrip": True, "special": True}
    change(tmp_path / "tokenizer_config.json", added_tokens_decoder={"304": entry})
    assert not load(tmp_path).get_added_tokens_decoder()[304].lstrip


def test_renamed_pieces_are_special_whatever_the_settings_say_of_normalisation(tmp_path: Path) -> None:
    write_internlm2(tmp_path)
    config = json.loads((tmp_path / "tokenizer_config.json").read_text())
    for token in config["added_tokens_decoder"].values():
        token["normalized"] = True
    change(tmp_path / "tokenizer_config.json", **config)
    tokenizer = load(tmp_path)
    assert tokenizer.encode("a<|im_end|>", add_special_tokens=False).ids[-1] == tokenizer.token_to_id("<|im_end|>")
