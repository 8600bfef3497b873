from doctorsun.weights.parts import LanguagePart
from doctorsun.weights.special_ids import own_ends, strange_ids
from doctorsun.weights.vocabulary import Vocabulary

SPECIAL = {"bos": "", "eos": "</s>", "pad": "", "unk": ""}
WORDS = Vocabulary(file="vocab.json", ids={"</s>": 2, "<|im_end|>": 7}, special=SPECIAL, stop_ids=())


def of(**config: object) -> LanguagePart:
    return LanguagePart(tensors={}, config=config, tokenizer_folder=None)


def test_ends_are_the_tokenizers_and_the_templates() -> None:
    assert own_ends(WORDS, "") == (2,)
    assert own_ends(WORDS, "<|im_end|>") == (2, 7)
    assert own_ends(WORDS, "<|eot_id|>") == (2,)


def test_one_end_in_common_is_enough() -> None:
    assert strange_ids(of(eos_token_id=[2, 9]), bos_id=None, ends=(2, 7)) == ()
    assert strange_ids(of(eos_token_id=[8, 9]), bos_id=None, ends=(2, 7)) == (
        "config.json names eos 8, 9, the tokenizer 2, 7",
    )


def test_where_one_says_nothing_there_is_nothing_to_compare() -> None:
    assert strange_ids(of(bos_token_id=5, eos_token_id=None), bos_id=None, ends=(2,)) == ()
