import pytest
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from doctorsun.processor.blanks import blank_rule, without_blank
from doctorsun.processor.tokenizer import train_tokenizer

BLANK = "\u2581"
VOCABULARY = {text: index for index, text in enumerate(["a", "b", BLANK, BLANK + "a", "Ġ", "\u0120a"])}


def tokenizer(
    normalizer: normalizers.Normalizer | None = None, pre_tokenizer: pre_tokenizers.PreTokenizer | None = None
) -> Tokenizer:
    made = Tokenizer(models.BPE(VOCABULARY, [(BLANK, "a")]))
    if normalizer is not None:
        made.normalizer = normalizer
    if pre_tokenizer is not None:
        made.pre_tokenizer = pre_tokenizer
    return made


BLANKS = normalizers.Replace(" ", BLANK)
EVERY = [
    tokenizer(normalizers.Prepend(BLANK)),
    tokenizer(normalizers.Sequence([normalizers.Prepend(BLANK), BLANKS])),
    tokenizer(normalizers.Sequence([normalizers.Replace(Regex(r"\A(?!x\z)(?=[\s\S])"), BLANK), BLANKS])),
    tokenizer(None, pre_tokenizers.Metaspace(BLANK, prepend_scheme="always", split=False)),
    tokenizer(None, pre_tokenizers.Sequence([pre_tokenizers.ByteLevel(add_prefix_space=True)])),
]
FIRST = tokenizer(BLANKS, pre_tokenizers.Metaspace(BLANK, prepend_scheme="first", split=False))
NONE = [
    tokenizer(),
    tokenizer(BLANKS),
    tokenizer(None, pre_tokenizers.Metaspace(BLANK, prepend_scheme="never", split=False)),
    train_tokenizer(["lung"], 260),
]


@pytest.mark.parametrize("every", EVERY)
def test_a_blank_before_every_text_is_seen_and_taken_away(every: Tokenizer) -> None:
    assert blank_rule(every) == "every text"
    assert len(every.encode("b").ids) == 2
    assert without_blank(every).encode("b").tokens == ["b"]
    assert blank_rule(without_blank(every)) == "none"


def test_a_blank_before_the_first_text_is_seen_and_taken_away() -> None:
    assert blank_rule(FIRST) == "first text"
    assert FIRST.encode("a").tokens == [BLANK + "a"]
    assert without_blank(FIRST).encode("a").tokens == ["a"]
    assert without_blank(FIRST).encode(" a").tokens == [BLANK + "a"]


@pytest.mark.parametrize("none", NONE)
def test_no_blank_is_seen_where_there_is_none(none: Tokenizer) -> None:
    assert blank_rule(none) == "none"
    assert without_blank(none).encode("ab a").ids == none.encode("ab a").ids
