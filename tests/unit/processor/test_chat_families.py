import pytest

from doctorsun.errors import WeightsError
from doctorsun.processor.chat_families import FAMILIES, choose_family

LLAMA3, CHATML = ("<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>"), ("<|im_start|>", "<|im_end|>")
NAMES = "llama3, chatml, vicuna_v1, mistral_instruct, llama_2_chinese, plain"


@pytest.mark.parametrize(
    ("chat", "vocabulary", "model_type", "name"),
    [
        (None, LLAMA3, "", "llama3"),
        (None, CHATML, "qwen2", "chatml"),
        (None, CHATML, "mistral", "chatml"),
        (None, (), "mistral", "mistral_instruct"),
        (None, (), "llava_mistral", "mistral_instruct"),
        ("vicuna_v1", (), "llama", "vicuna_v1"),
        ("plain", LLAMA3, "llama", "plain"),
    ],
)
def test_the_name_decides_then_the_tokens_then_the_type(
    chat: str | None, vocabulary: tuple[str, ...], model_type: str, name: str
) -> None:
    assert choose_family(chat, vocabulary, model_type).name == name


def test_every_family_has_its_file() -> None:
    assert [family.name for family in FAMILIES if family.template] == NAMES.split(", ")


def test_nothing_is_guessed() -> None:
    with pytest.raises(WeightsError) as error:
        choose_family(None, ("<s>", "<|im_end|>"), "llama")
    assert str(error.value) == (
        "the chat template: got a tokenizer of llama that does not tell how the model is asked, expected the name of a "
        f"template; say --chat with one of {NAMES}"
    )


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(WeightsError, match=f"--chat: got 'vicuna', expected one of {NAMES}; say it as it stands"):
        choose_family("vicuna", ())


def test_a_template_whose_tokens_are_missing_is_refused() -> None:
    with pytest.raises(WeightsError, match=r"the chat template chatml: got a tokenizer without <\|im_end\|>, expected"):
        choose_family("chatml", LLAMA3)
