import json
from pathlib import Path

import pytest

from doctorsun.errors import DataError, WeightsError
from doctorsun.processor.tokenizer import (
    BOX_TOKENS,
    SPECIAL_TOKENS,
    load_tokenizer,
    read_token_name,
    save_tokenizer,
    train_tokenizer,
)

WORDS = "左肺有结节吗？ 🫁 naïve ﬁ \u200d\t\r\n  x\x00"


def test_every_text_survives_encoding() -> None:
    tokenizer = train_tokenizer(["lung"], 260)
    assert tokenizer.decode(tokenizer.encode(WORDS, add_special_tokens=False).ids) == WORDS


def test_training_depends_on_the_texts_alone_and_learns_their_words() -> None:
    texts = ["the left lung", "the right lung"] * 3
    tokenizer = train_tokenizer(iter(texts), 300)
    assert tokenizer.to_str() == train_tokenizer(texts, 300).to_str()
    assert "Ġlung" in tokenizer.encode("the lung").tokens


def test_control_tokens_are_single_and_those_of_boxes_stay_in_answers() -> None:
    tokenizer = train_tokenizer(["lung"], 260)
    ids = [tokenizer.encode(token, add_special_tokens=False).ids for token in (*SPECIAL_TOKENS, *BOX_TOKENS)]
    assert all(len(each) == 1 for each in ids)
    flat = [each[0] for each in ids]
    assert len(set(flat)) == len(flat)
    assert tokenizer.decode(flat) == "".join(BOX_TOKENS)


def test_no_text_is_refused() -> None:
    with pytest.raises(DataError, match="the tokenizer has no text to learn from: got 0 texts"):
        train_tokenizer([], 300)


def test_a_saved_tokenizer_is_the_same(tmp_path: Path) -> None:
    tokenizer = train_tokenizer(["lung"], 260)
    save_tokenizer(tokenizer, tmp_path, max_length=512)
    assert load_tokenizer(tmp_path).to_str() == tokenizer.to_str()
    assert read_token_name(tmp_path, "eos_token") == "<|eot_id|>"
    assert read_token_name(tmp_path, "unk_token") == ""


def test_a_saved_tokenizer_encodes_texts_whole(tmp_path: Path) -> None:
    tokenizer = train_tokenizer(["lung"], 260)
    tokenizer.enable_truncation(2)
    tokenizer.enable_padding(length=32)
    save_tokenizer(tokenizer, tmp_path, max_length=512)
    assert len(load_tokenizer(tmp_path).encode("a b c d").ids) == 7


def test_the_name_of_a_token_may_stand_in_an_object(tmp_path: Path) -> None:
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"bos_token": {"content": "<s>", "lstrip": False}}))
    assert read_token_name(tmp_path, "bos_token") == "<s>"


def test_a_missing_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"tokenizer\.json: got no such file, expected a tokenizer in the Hugging"):
        load_tokenizer(tmp_path)


def test_a_damaged_tokenizer_is_named(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text('{"version": "1.0", "model"')
    with pytest.raises(WeightsError, match=r"tokenizer\.json: got .*, expected a readable tokenizer; copy the file"):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize("content", [None, "{", "[]", '{"bos_token": {"lstrip": true}}'])
def test_a_missing_or_damaged_configuration_is_named(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "tokenizer_config.json").write_text(content)
    with pytest.raises(WeightsError, match=r"tokenizer_config\.json: got .*, expected the configuration of a tok"):
        read_token_name(tmp_path, "bos_token")
