import json
from pathlib import Path
from typing import Any

import pytest
from tokenizers import AddedToken

from checkpoints.sentencepiece_models import (
    INTERNLM2_TOKENS,
    WORDS,
    original,
    trained,
    without_blank,
    write_internlm2,
    write_llama2,
)
from checkpoints.tokenizer_files import write_llama3_tokenizer, write_qwen2_tokenizer
from doctorsun.errors import WeightsError
from doctorsun.processor.prepared import prepare_tokenizer, save_prepared
from doctorsun.processor.tokenizer import load_tokenizer, train_tokenizer


def settle(folder: Path, name: str = "tokenizer_config.json", **changes: Any) -> None:
    path = folder / name
    config = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**config, **changes}))


def test_llama_3_gets_an_image_and_a_pad_token(tmp_path: Path) -> None:
    write_llama3_tokenizer(tmp_path)
    settle(tmp_path, "generation_config.json", eos_token_id=[301, 303, 304])
    before = load_tokenizer(tmp_path)
    prepared = prepare_tokenizer(tmp_path, chat=None)
    assert prepared.chat == "llama3"
    assert prepared.added == {"<image>": 305, "<pad>": 306}
    assert (prepared.image_id, prepared.pad_id, prepared.num_ids) == (305, 306, 307)
    assert (prepared.bos_id, prepared.eos_id) == (300, 304)
    assert prepared.stop_ids == (301, 303, 304)
    for words in WORDS:
        assert prepared.tokenizer.encode(words).ids == before.encode(words).ids


def test_qwen_2_keeps_its_pad_token_and_has_no_beginning(tmp_path: Path) -> None:
    write_qwen2_tokenizer(tmp_path)
    prepared = prepare_tokenizer(tmp_path, chat=None)
    assert prepared.added == {"<image>": 303}
    assert prepared.names.pad == "<|endoftext|>"
    assert prepared.bos_id is None
    assert prepared.stop_ids == (302, 300)


def test_llama_2_has_a_tokenizer_model_alone(tmp_path: Path) -> None:
    model = write_llama2(tmp_path)
    last = original(model).vocab_size()
    prepared = prepare_tokenizer(tmp_path, chat="vicuna_v1")
    assert prepared.added == {"<image>": last, "<pad>": last + 1}
    assert (prepared.bos_id, prepared.eos_id, prepared.stop_ids) == (1, 2, (2,))
    assert prepared.notes == ()
    for words in (word for word in WORDS if "<s>" not in word):
        assert prepared.tokenizer.encode(words, add_special_tokens=False).ids == original(model).encode(words)


def test_a_tokenizer_model_needs_no_settings(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.model").write_bytes(trained())
    prepared = prepare_tokenizer(tmp_path, chat="vicuna_v1")
    assert (prepared.names.bos, prepared.names.eos, prepared.names.unk) == ("<s>", "</s>", "<unk>")


def test_internlm_2_renames_spare_pieces(tmp_path: Path) -> None:
    model = write_internlm2(tmp_path)
    size = original(model).vocab_size()
    prepared = prepare_tokenizer(tmp_path, chat=None)
    named = [prepared.tokenizer.token_to_id(token) for token in INTERNLM2_TOKENS]
    assert sorted(named) == [original(model).piece_to_id(f"[UNUSED_TOKEN_{i}]") for i in range(1, 7)]
    assert prepared.chat == "chatml"
    assert prepared.added == {"<image>": size}
    assert prepared.pad_id == prepared.eos_id == 2
    assert prepared.stop_ids == (2, named[INTERNLM2_TOKENS.index("<|im_end|>")])
    asked = prepared.tokenizer.encode("<|im_start|>user\n左肺<|im_end|>", add_special_tokens=False)
    inner = original(model).encode("user\n左肺")
    assert asked.ids == [named[INTERNLM2_TOKENS.index("<|im_start|>")], *inner, prepared.stop_ids[1]]


def test_blanks_after_special_tokens_follow_the_setting(tmp_path: Path) -> None:
    model = write_llama2(tmp_path, legacy=False)
    text, first, rest = "Why?</s>USER:", original(model).encode("Why?"), original(model).encode("USER:")
    bare = original(without_blank(model))
    prepared = prepare_tokenizer(tmp_path, chat="vicuna_v1")
    assert prepared.tokenizer.encode(text, add_special_tokens=False).ids == [*first, 2, *bare.encode("USER:")]
    settle(tmp_path, legacy=None)
    prepared = prepare_tokenizer(tmp_path, chat="vicuna_v1")
    assert prepared.tokenizer.encode(text, add_special_tokens=False).ids == [*first, 2, *rest]


@pytest.mark.parametrize(("flag", "begins"), [(None, True), (True, True), (False, False)])
def test_a_beginning_is_added_as_the_settings_say(tmp_path: Path, flag: bool | None, begins: bool) -> None:  # noqa: FBT001
    write_llama2(tmp_path, add_bos_token=flag)
    prepared = prepare_tokenizer(tmp_path, chat="vicuna_v1")
    assert (prepared.tokenizer.encode("Why?").ids[0] == 1) is begins


def test_the_unknown_token_fills_up_only_where_it_is_named(tmp_path: Path) -> None:
    write_llama2(tmp_path, pad_token="<unk>")  # noqa: S106
    settle(tmp_path, "generation_config.json", pad_token_id=0)
    assert prepare_tokenizer(tmp_path, chat="vicuna_v1").pad_id == 0
    settle(tmp_path, pad_token=None)
    assert prepare_tokenizer(tmp_path, chat="vicuna_v1").names.pad == "<pad>"


def test_names_and_added_tokens_may_stand_in_the_older_files(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.model").write_bytes(trained())
    size = original(trained()).vocab_size()
    settle(tmp_path, "special_tokens_map.json", pad_token={"content": "[PAD]"}, bos_token="<s>")  # noqa: S106
    settle(tmp_path, "added_tokens.json", **{"[PAD]": size, "<image>": size + 1})
    prepared = prepare_tokenizer(tmp_path, chat="vicuna_v1")
    assert prepared.added == {}
    assert (prepared.image_id, prepared.pad_id) == (size + 1, size)


def test_a_pad_token_that_is_named_and_missing_is_added(tmp_path: Path) -> None:
    write_llama3_tokenizer(tmp_path)
    settle(tmp_path, pad_token="[PAD]")  # noqa: S106
    assert prepare_tokenizer(tmp_path, chat=None).added == {"<image>": 305, "[PAD]": 306}


def test_ids_go_on_after_a_gap(tmp_path: Path) -> None:
    write_llama3_tokenizer(tmp_path)
    settle(tmp_path, added_tokens_decoder={"400": {"content": "<|late|>", "special": True}})
    prepared = prepare_tokenizer(tmp_path, chat=None)
    assert prepared.tokenizer.token_to_id("<|late|>") == 400
    assert prepared.added == {"<image>": 401, "<pad>": 402}
    assert prepared.tokenizer.encode("<|late|><image>").ids == [400, 401]


def test_an_image_token_that_was_a_word_becomes_special(tmp_path: Path) -> None:
    write_llama3_tokenizer(tmp_path)
    tokenizer = load_tokenizer(tmp_path)
    tokenizer.add_tokens([AddedToken("<image>", special=False, normalized=False)])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    prepared = prepare_tokenizer(tmp_path, chat=None)
    assert prepared.added == {"<pad>": 306}
    assert prepared.tokenizer.get_added_tokens_decoder()[305].special


def test_the_end_of_a_turn_is_the_end_where_none_is_named(tmp_path: Path) -> None:
    write_qwen2_tokenizer(tmp_path)
    settle(tmp_path, eos_token=None)
    assert prepare_tokenizer(tmp_path, chat=None).names.eos == "<|im_end|>"


def test_a_tokenizer_without_an_end_is_refused(tmp_path: Path) -> None:
    train_tokenizer(["lung"], 260).save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(
        WeightsError, match="got no eos_token, expected a token that ends a text; name it in tokenizer_"
    ):
        prepare_tokenizer(tmp_path, chat="vicuna_v1")


def test_pieces_of_one_rank_are_told(tmp_path: Path) -> None:
    model = trained()
    scored = original(model)
    *_, before, last = (index for index in range(scored.vocab_size()) if len(scored.id_to_piece(index)) == 2)
    # Scores are floats in four bytes after the tag 0x15; the later one takes the earlier one's place.
    piece = scored.id_to_piece(last).encode()
    at = model.index(b"\x0a" + bytes([len(piece)]) + piece + b"\x15") + len(piece) + 3
    other = scored.id_to_piece(before).encode()
    source = model.index(b"\x0a" + bytes([len(other)]) + other + b"\x15") + len(other) + 3
    (tmp_path / "tokenizer.model").write_bytes(model[:at] + model[source : source + 4] + model[at + 4 :])
    prepared = prepare_tokenizer(tmp_path, chat="vicuna_v1")
    assert prepared.notes == ("2 pieces share their rank: where two meet, ids may differ",)


@pytest.mark.parametrize("write", [write_llama2, write_internlm2, write_llama3_tokenizer, write_qwen2_tokenizer])
def test_what_is_saved_prepares_to_the_same(tmp_path: Path, write: Any) -> None:
    source, saved = tmp_path / "source", tmp_path / "saved"
    source.mkdir()
    write(source)
    first = prepare_tokenizer(source, chat=None if write is not write_llama2 else "plain")
    save_prepared(first, saved, 512)
    second = prepare_tokenizer(saved, chat=first.chat)
    assert second.tokenizer.to_str() == first.tokenizer.to_str()
    assert (second.names, second.added) == (first.names, {})
    assert (saved / "chat_template.jinja").read_text(encoding="utf-8") == first.template.source
