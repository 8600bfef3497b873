import pytest
from tokenizers import AddedToken, Tokenizer, models

from doctorsun.errors import WeightsError
from doctorsun.processor.added_tokens import next_id, with_token


def special(text: str) -> AddedToken:
    return AddedToken(text, special=True, normalized=False)


def gappy() -> Tokenizer:
    return Tokenizer(models.BPE({"a": 0, "b": 1, "c": 5}, []))


def test_the_next_id_is_after_the_highest_one() -> None:
    assert next_id(gappy()) == 6
    assert next_id(Tokenizer(models.BPE())) == 0
    assert next_id(with_token(gappy(), special("<x>"), 9)) == 10


@pytest.mark.parametrize("token_id", [2, 3, 6, 9])
def test_a_token_gets_the_id_that_it_has_to_have(token_id: int) -> None:
    tokenizer = with_token(gappy(), special("<x>"), token_id)
    assert tokenizer.encode("a<x>c").ids == [0, token_id, 5]
    assert tokenizer.get_added_tokens_decoder()[token_id].special
    assert Tokenizer.from_str(tokenizer.to_str()).token_to_id("<x>") == token_id


def test_an_entry_of_the_vocabulary_becomes_a_token() -> None:
    tokenizer = with_token(gappy(), special("c"), 5)
    assert tokenizer.get_added_tokens_decoder()[5].special


def test_a_token_that_is_there_becomes_special_and_keeps_the_rest() -> None:
    word = AddedToken("<x>", special=False, normalized=False, lstrip=True)
    before = with_token(gappy(), word, 6)
    after = with_token(before, special("<x>"), 6).get_added_tokens_decoder()[6]
    assert after.special
    assert after.lstrip
    assert not with_token(before, word, 6).get_added_tokens_decoder()[6].special


def test_a_text_with_another_id_is_refused() -> None:
    with pytest.raises(WeightsError) as error:
        with_token(gappy(), special("a"), 7)
    assert str(error.value) == (
        "the added token a: got ids 0 and 7, expected one id for one token; copy the tokenizer's files again, all from "
        "one place"
    )


def test_an_id_with_another_text_is_refused() -> None:
    with pytest.raises(WeightsError, match="the added token <x>: got id 5, which is that of c, expected one id for"):
        with_token(gappy(), special("<x>"), 5)
