"""--tokenizer: that of the language model is taken, in another form too; another model's is refused."""

import json
from pathlib import Path

import pytest

from checkpoints.llama import write_llama2, write_llama3
from checkpoints.three_parts import write_three_parts
from checkpoints.tokenizer_files import write_llama3_tokenizer, write_qwen2_tokenizer, write_sentencepiece
from doctorsun.errors import WeightsError
from doctorsun.weights.given_tokenizer import require_tokenizer
from doctorsun.weights.import_weights import ImportRequest, import_weights
from doctorsun.weights.parts import LanguagePart
from doctorsun.weights.published import read_published


@pytest.fixture(scope="module")
def llama3(tmp_path_factory: pytest.TempPathFactory) -> LanguagePart:
    folder = tmp_path_factory.mktemp("llama3")
    write_llama3(folder)
    return language(folder)


@pytest.fixture(scope="module")
def llama2(tmp_path_factory: pytest.TempPathFactory) -> LanguagePart:
    folder = tmp_path_factory.mktemp("llama2")
    write_llama2(folder)
    return language(folder)


def language(folder: Path) -> LanguagePart:
    part = read_published(folder).language
    assert part is not None
    return part


def write_words(folder: Path, words: list[str]) -> Path:
    """Write a tokenizer of these words alone."""
    (folder / "vocab.json").write_text(json.dumps({word: index for index, word in enumerate(words)}))
    return folder


def test_the_models_own_is_taken_with_what_a_llava_adds(llama3: LanguagePart, tmp_path: Path):
    write_llama3_tokenizer(tmp_path)
    require_tokenizer(tmp_path, llama3)
    added = {"305": {"content": "<image>", "special": True}, "306": {"content": "<pad>", "special": True}}
    config = json.loads((tmp_path / "tokenizer_config.json").read_text())
    said = {**config, "pad_token": "<pad>", "added_tokens_decoder": added}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(said))
    require_tokenizer(tmp_path, llama3)


def test_ids_without_a_row_are_refused(llama2: LanguagePart, tmp_path: Path):
    write_llama3_tokenizer(tmp_path)
    message = (
        r"--tokenizer .*: got 305 ids \(tokenizer.json\), expected at most 290, as the embedding has rows, and not "
        "less than nine tenths of them; give the tokenizer of the language model that these weights were trained from"
    )
    with pytest.raises(WeightsError, match=message):
        require_tokenizer(tmp_path, llama2)


def test_many_rows_without_an_id_are_refused(llama3: LanguagePart, tmp_path: Path):
    with pytest.raises(WeightsError, match=r"got 274 ids \(vocab.json\), expected at most 305"):
        require_tokenizer(write_words(tmp_path, [f"w{index}" for index in range(274)]), llama3)


def test_other_words_than_the_models_own_are_refused(llama3: LanguagePart, tmp_path: Path):
    write_sentencepiece(tmp_path)
    with pytest.raises(WeightsError, match=r"got 2\d\d of 290 words other than the model's own, the first 0: '<unk>'"):
        require_tokenizer(tmp_path, llama3)


def test_a_model_without_a_tokenizer_takes_what_fits_its_rows(tmp_path: Path):
    write_llama3(tmp_path / "model")
    (tmp_path / "model/tokenizer.json").unlink()
    (tmp_path / "given").mkdir()
    write_qwen2_tokenizer(tmp_path / "given")
    require_tokenizer(tmp_path / "given", language(tmp_path / "model"))


def test_an_import_refuses_it_before_anything_is_written(tmp_path: Path):
    write_three_parts(tmp_path)
    (tmp_path / "given").mkdir()
    write_sentencepiece(tmp_path / "given")
    request = ImportRequest(vision=tmp_path / "vision", projector=tmp_path / "projector", tokenizer=tmp_path / "given")
    with pytest.raises(WeightsError, match=r"--tokenizer .*given: got"):
        import_weights(tmp_path / "language", tmp_path / "out", request)
    assert not list(tmp_path.glob("*out*"))
