import json
from pathlib import Path
from typing import Any

import pytest

from doctorsun.errors import WeightsError
from doctorsun.processor.tokenizer_settings import TokenizerSettings

NAME = "tokenizer_config.json"


def settings(folder: Path, content: Any, name: str = NAME) -> TokenizerSettings:
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return TokenizerSettings.read(folder)


def test_missing_files_say_nothing(tmp_path: Path) -> None:
    nothing = TokenizerSettings.read(tmp_path)
    assert (nothing.token("eos_token"), nothing.eos_ids(), nothing.added_tokens()) == ("", (), {})
    assert nothing.flag("legacy", default=True)


def test_the_configuration_names_tokens_before_the_map(tmp_path: Path) -> None:
    settings(
        tmp_path, {"eos_token": "<b>", "bos_token": {"content": "<c>", "lstrip": False}}, "special_tokens_map.json"
    )
    both = settings(tmp_path, {"eos_token": "<a>", "bos_token": None})
    assert (both.token("eos_token"), both.token("bos_token"), both.token("pad_token")) == ("<a>", "<c>", "")


@pytest.mark.parametrize(("value", "ids"), [(2, (2,)), ([2, 5], (2, 5)), (None, ()), ([], ())])
def test_an_answer_ends_with_an_id_or_several(tmp_path: Path, value: Any, ids: tuple[int, ...]) -> None:
    assert settings(tmp_path, {"eos_token_id": value}, "generation_config.json").eos_ids() == ids


def test_added_tokens_stand_in_two_files(tmp_path: Path) -> None:
    settings(tmp_path, {"<x>": 7, "<y>": 8}, "added_tokens.json")
    entry = {"content": "<y>", "special": False, "normalized": True, "rstrip": True}
    tokens = settings(tmp_path, {"added_tokens_decoder": {"8": entry}}).added_tokens()
    assert {index: token.content for index, token in tokens.items()} == {7: "<x>", 8: "<y>"}
    assert tokens[7].special
    assert (tokens[8].special, tokens[8].normalized, tokens[8].rstrip) == (False, True, True)
    assert not TokenizerSettings.read(tmp_path).added_tokens(in_raw_text=True)[8].normalized


@pytest.mark.parametrize("content", ["{", "[]", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")])
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    with pytest.raises(WeightsError, match=r"tokenizer_config\.json: got .*, expected a JSON object; copy the folder"):
        settings(tmp_path, content)


def test_other_encodings_are_told(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes('{"eos_token": "结"}'.encode("gb18030"))
    with pytest.raises(WeightsError, match=r"tokenizer_config\.json: got UnicodeDecodeError"):
        TokenizerSettings.read(tmp_path)


@pytest.mark.parametrize("value", [3, ["</s>"], {"content": 3}])
def test_a_name_that_is_no_text_is_refused(tmp_path: Path, value: Any) -> None:
    with pytest.raises(WeightsError, match=r"tokenizer_config\.json: eos_token: got .*, expected the text of a token"):
        settings(tmp_path, {"eos_token": value}).token("eos_token")


def test_a_switch_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"tokenizer_config\.json: legacy: got 'no', expected true or false"):
        settings(tmp_path, {"legacy": "no"}).flag("legacy", default=True)


@pytest.mark.parametrize("value", ["2", [2, "5"], True, -1])
def test_ends_that_are_no_ids_are_refused(tmp_path: Path, value: Any) -> None:
    with pytest.raises(
        WeightsError, match=r"generation_config\.json: eos_token_id: got .*, expected an id or a list of"
    ):
        settings(tmp_path, {"eos_token_id": value}, "generation_config.json").eos_ids()


@pytest.mark.parametrize("value", ["7", None, True, -2])
def test_added_tokens_without_an_id_are_refused(tmp_path: Path, value: Any) -> None:
    with pytest.raises(WeightsError, match=r"added_tokens\.json: <x>: got .*, expected an id; copy the folder again"):
        settings(tmp_path, {"<x>": value}, "added_tokens.json").added_tokens()


@pytest.mark.parametrize(
    "entries",
    [{"x": {"content": "<x>"}}, {"7": {}}, {"7": "<x>"}, {"7": {"content": 3}}, [1], {"-1": {"content": "<x>"}}],
)
def test_added_tokens_that_are_none_are_refused(tmp_path: Path, entries: Any) -> None:
    with pytest.raises(WeightsError, match=r"tokenizer_config\.json: added_tokens_decoder.*: got .*, expected "):
        settings(tmp_path, {"added_tokens_decoder": entries}).added_tokens()
