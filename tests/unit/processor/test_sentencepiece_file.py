from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from checkpoints.sentencepiece_models import LINES, UNUSED, WORDS, internlm2, original, trained
from doctorsun.errors import WeightsError
from doctorsun.processor.protobuf_fields import fields
from doctorsun.processor.sentencepiece_file import BLANK, Piece, SentencePieceFile

SETTINGS: dict[str, dict[str, Any]] = {
    "Llama 2": {},
    "no blank of its own": {"add_dummy_prefix": False},
    "pieces across words": {"split_by_whitespace": False, "split_digits": False, "split_by_unicode_script": False},
    "symbols": {"vocab_size": 540, "user_defined_symbols": f"{UNUSED[0]},ab,{BLANK * 4},结节"},
    "no bytes": {"byte_fallback": False, "vocab_size": 260, "character_coverage": 0.98},
}

HEAD_BYTES = 2
"""Of a field with less than 128 bytes of content."""


def read(folder: Path, model: bytes) -> SentencePieceFile:
    path = folder / "tokenizer.model"
    path.write_bytes(model)
    return SentencePieceFile.read(path)


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS.keys())
def test_ids_are_those_of_sentencepiece(tmp_path: Path, settings: dict[str, Any]) -> None:
    model = trained(**settings)
    tokenizer = read(tmp_path, model).tokenizer(is_legacy=True)
    texts = [*WORDS, *LINES, "".join(LINES), f"a {UNUSED[0]}b{UNUSED[1]} ab结节", f"{UNUSED[0]}\n{UNUSED[0]}"]
    for text in texts:
        assert tokenizer.encode(text, add_special_tokens=False).ids == original(model).encode(text), text


def test_pieces_scores_and_names_are_read_as_they_stand(tmp_path: Path) -> None:
    model = internlm2()
    file, reader = read(tmp_path, model), original(model)
    assert [piece.text for piece in file.pieces] == [reader.id_to_piece(i) for i in range(reader.vocab_size())]
    assert [piece.score for piece in file.pieces] == [reader.get_score(i) for i in range(reader.vocab_size())]
    assert (file.unk, file.bos, file.eos, file.has_prefix) == ("<unk>", "<s>", "</s>", False)
    assert file.num_tied == 0


def test_a_missing_special_piece_has_no_name(tmp_path: Path) -> None:
    file = read(tmp_path, trained(bos_id=-1))
    assert (file.bos, file.eos) == ("", "</s>")


def test_a_text_may_take_the_place_of_a_piece(tmp_path: Path) -> None:
    file = read(tmp_path, internlm2())
    last = len(file.pieces) - 1
    tokenizer = file.tokenizer([(last, "<|im_start|>"), (last + 1, "beyond")], is_legacy=True)
    assert tokenizer.token_to_id("<|im_start|>") == last
    assert tokenizer.token_to_id(file.pieces[last].text) is None
    assert tokenizer.token_to_id("beyond") is None


def test_a_piece_whose_place_is_taken_is_never_made(tmp_path: Path) -> None:
    file = read(tmp_path, trained())
    merged = original(trained()).piece_to_id("结节")
    tokenizer = file.tokenizer([(merged, "<|im_start|>")], is_legacy=True)
    assert original(trained()).encode("结节", out_type=str) == [BLANK, "结节"]
    assert tokenizer.encode("结节").tokens == [BLANK, "结", "节"]


def test_decoding_gives_the_text_back(tmp_path: Path) -> None:
    tokenizer = read(tmp_path, trained()).tokenizer(is_legacy=True)
    for text in (word for word in WORDS if BLANK not in word):
        assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False).ids, skip_special_tokens=False) == text


def test_pieces_of_one_rank_are_counted(tmp_path: Path) -> None:
    file = read(tmp_path, trained())
    merged = Piece("左肺", -1.0, 1)
    tied = replace(file, pieces=(*file.pieces[:-2], merged, merged._replace(text="肺上")))
    assert tied.num_tied >= 2


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"model_type": "unigram", "vocab_size": 400}, "a model that is no BPE"),
        ({"normalization_rule_name": "nmt_nfkc"}, "the normalisation nmt_nfkc"),
        ({"remove_extra_whitespaces": True}, "blanks that are taken out"),
        ({"treat_whitespace_as_suffix": True}, "blanks at the end of words"),
    ],
)
def test_what_a_stock_tokenizer_cannot_repeat_is_refused(tmp_path: Path, settings: dict[str, Any], found: str) -> None:
    with pytest.raises(WeightsError) as error:
        read(tmp_path, trained(**settings))
    assert str(error.value) == (
        f"{tmp_path / 'tokenizer.model'}: got {found}, expected a BPE of text as it stands, like Llama 2's, Mistral's "
        "and InternLM2's; convert it to tokenizer.json with transformers, and use that"
    )


@pytest.mark.parametrize(
    "content", [b"\x0a", b"<!DOCTYPE html>", b"\x0a\x05\x0a\x02", b"\x0a\x02\x08\x01", b"\x0a\x03\x0a\x01\xff"]
)
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(WeightsError, match=r"tokenizer\.model: got .*, expected a sentencepiece model; copy the file"):
        read(tmp_path, content)


def test_an_empty_or_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"tokenizer\.model: got no pieces, expected a sentencepiece model"):
        read(tmp_path, b"")
    with pytest.raises(WeightsError, match=r"absent: got .*No such file.*, expected a sentencepiece model"):
        SentencePieceFile.read(tmp_path / "absent")


def test_a_file_that_is_cut_is_told_as_such(tmp_path: Path) -> None:
    """A cut between two fields leaves a readable message, which lacks what follows the pieces."""
    model = trained()
    *ends, whole = accumulate(len(content) + HEAD_BYTES for _, content in fields(model))
    assert whole == len(model)
    for length in (*range(1, len(model), 501), *ends[::100], *ends[-3:]):
        with pytest.raises(
            WeightsError, match=r"tokenizer\.model: got .* sentencepiece model; copy (or fetch )?the file"
        ):
            read(tmp_path, model[:length])
    for missing, length in (("trainer_spec", ends[-2]), ("normalizer_spec", ends[-1])):
        got = f"got pieces without the {missing} after them: a file that is cut or damaged, expected a whole"
        with pytest.raises(WeightsError, match=got):
            read(tmp_path, model[:length])
