"""Whatever a text is made of, the converted tokenizer cuts it as sentencepiece does."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from checkpoints.sentencepiece_models import LINES, UNUSED, internlm2, original, trained
from doctorsun.processor.sentencepiece_file import SentencePieceFile

MODELS = {
    "Llama 2": trained(),
    "InternLM2": internlm2(),
    "symbols": trained(540, user_defined_symbols=",".join([*UNUSED, "\u2581\u2581\u2581"])),
}
PIECES = st.one_of(
    st.sampled_from(
        [*UNUSED, *LINES, *"ab e\n\t\r\u2581-=!0139左肺结节的。，", "  ", "\u2581\u2581", "lung", "🫁", "𠮷", "\u200d"]
    ),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=5),
)


@cache
def converted(name: str) -> Tokenizer:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tokenizer.model"
        path.write_bytes(MODELS[name])
        return SentencePieceFile.read(path).tokenizer(is_legacy=True)


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=200, deadline=None)
@given(pieces=st.lists(PIECES, max_size=20))
def test_ids_are_equal(name: str, pieces: list[str]) -> None:
    text = "".join(pieces)
    # A symbol that stands alone is the one text before which no blank is put.
    if name == "symbols" and text in [*UNUSED, "\u2581\u2581\u2581", "   "]:
        return
    assert converted(name).encode(text, add_special_tokens=False).ids == original(MODELS[name]).encode(text)
