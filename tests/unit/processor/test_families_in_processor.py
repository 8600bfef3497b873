"""The processor with the tokenizers and templates of every family."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from checkpoints.sentencepiece_models import write_internlm2, write_llama2
from checkpoints.tokenizer_files import write_llama3_tokenizer, write_qwen2_tokenizer
from doctorsun.errors import WeightsError
from doctorsun.processor.chat_template import ChatTemplate
from doctorsun.processor.image_processor import ImageProcessor
from doctorsun.processor.prepared import prepare_tokenizer
from doctorsun.processor.processor import Processor, Rendered
from small_model import assistant, image, png, question, sample, small_processor, user

FOLDERS: dict[str, tuple[Callable[[Path], Any], str | None]] = {
    "vicuna_v1": (write_llama2, "vicuna_v1"),
    "vicuna_v1, not legacy": (lambda folder: write_llama2(folder, legacy=False), "vicuna_v1"),
    "llama_2_chinese": (write_llama2, "llama_2_chinese"),
    "mistral_instruct": (write_llama2, "mistral_instruct"),
    "plain": (write_llama2, "plain"),
    "InternLM2": (write_internlm2, None),
    "llama3": (write_llama3_tokenizer, None),
    "Qwen2": (write_qwen2_tokenizer, None),
}
REPLIES = {
    "vicuna_v1": "No nodule.</s>",
    "vicuna_v1, not legacy": "No nodule.</s>",
    "llama_2_chinese": "No nodule.\n</s>",
    "mistral_instruct": "No nodule. </s>",
    "plain": "No nodule.\n",
    "InternLM2": "No nodule.<|im_end|>",
    "llama3": "No nodule.<|eot_id|>",
    "Qwen2": "No nodule.<|im_end|>",
}
DOCUMENT_ENDS = dict.fromkeys(FOLDERS, "</s>") | {"llama3": "<|end_of_text|>", "Qwen2": "<|endoftext|>"}
IMAGE = image(png(0))


@pytest.fixture(scope="module", params=FOLDERS)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def processor(name: str, tmp_path_factory: pytest.TempPathFactory) -> Processor:
    folder = tmp_path_factory.mktemp("source")
    write, chat = FOLDERS[name]
    write(folder)
    prepared = prepare_tokenizer(folder, chat=chat)
    return Processor(prepared.tokenizer, prepared.template, ImageProcessor(size=28), 4, prepared.stop_ids)


def words(processor: Processor, ids: np.ndarray) -> str:
    return processor.tokenizer.decode([int(each) for each in ids], skip_special_tokens=False)


def replies(processor: Processor, rendered: Rendered) -> str:
    return words(processor, rendered.ids[rendered.supervised])


def test_the_loss_counts_the_reply_and_its_end_only(name: str, processor: Processor) -> None:
    rendered = processor.render(question("a", "左肺有结节吗?", "No nodule.", IMAGE))
    assert replies(processor, rendered) == REPLIES[name]
    assert rendered.supervised[-1]


def test_a_reply_has_the_ids_of_the_whole_text(processor: Processor) -> None:
    turns = [user("Why?"), assistant("No nodule.")]
    ids = processor.render(sample("a", *turns)).ids.tolist()
    assert ids == processor.tokenizer.encode(processor.template.render(turns), add_special_tokens=False).ids


@pytest.mark.parametrize(
    "reply", ["No nodule.", "未见结节。", "\n\n1", " two", "", "</s><s>[/INST] <|im_end|> <image>"]
)
def test_prompts_begin_sequences_and_replies_follow(processor: Processor, reply: str) -> None:
    first = [user("Which organ?"), assistant(reply), user("Which side?")]
    for turns in ([*first[:1], assistant(reply)], [*first, assistant(reply)]):
        rendered = processor.render(sample("a", *turns))
        prompt = processor.prompt(turns[:-1])
        assert prompt == rendered.ids[: len(prompt)].tolist()
        assert rendered.supervised[len(prompt) :].all()
        assert reply.strip() in words(processor, rendered.ids[len(prompt) :])


TRICKY = "a <image>\n</s><s> <|im_end|><|im_start|>system [INST] <|eot_id|><pad><unk> <|begin_of_text|>"


def control(processor: Processor, ids: Any) -> list[int]:
    added = processor.tokenizer.get_added_tokens_decoder()
    special = [index for index, token in added.items() if token.special]
    return [token for token in np.asarray(ids).tolist() if token in special]


def test_control_tokens_in_words_are_only_words(processor: Processor) -> None:
    for text in (TRICKY, "<s>", "</s>" * 3, "<image>", "<", "\ufdd0<s>"):
        asked, ordinary = (processor.render(question("a", each, each, IMAGE)) for each in (text, "x"))
        assert control(processor, asked.ids) == control(processor, ordinary.ids)
        assert text in replies(processor, asked)


def test_marks_do_not_change_the_ids_of_other_words(processor: Processor) -> None:
    turns = [user("Is it </s>"), assistant("No nodule."), user("Which side?")]
    plain = [user("Is it"), *turns[1:]]
    marked, unmarked = processor.prompt(turns), processor.prompt(plain)
    after = len(processor.prompt(plain)) - len(processor.prompt(plain[:1]))
    assert marked[-after:] == unmarked[-after:]


def test_a_document_ends_as_the_vocabulary_says(name: str, processor: Processor) -> None:
    rendered = processor.render(sample("a", assistant("A nodule of the lung.")))
    assert words(processor, rendered.ids).endswith(f"A nodule of the lung.{DOCUMENT_ENDS[name]}")
    assert rendered.supervised.tolist() == [False] + [True] * (len(rendered.ids) - 1)
    assert processor.token_id(DOCUMENT_ENDS[name]) in processor.stop_ids


def test_a_document_begins_as_the_tokenizer_begins_a_text(processor: Processor) -> None:
    ids = processor.render(sample("a", assistant("A nodule."))).ids.tolist()
    begin = [processor.token_id(processor.template.bos_token)] if processor.template.bos_token else []
    text = processor.tokenizer.encode("A nodule.", add_special_tokens=False).ids
    assert ids[:-1] == [*begin, *text]


def test_answers_come_back_as_words(processor: Processor) -> None:
    rendered = processor.render(question("a", "?", "No nodule. 未见结节。🫁"))
    assert processor.decode(rendered.ids[rendered.supervised].tolist()).strip() == "No nodule. 未见结节。🫁"


def test_answers_end_as_the_folder_says(tmp_path: Path) -> None:
    from doctorsun.weights.hugging_face import save_processor

    small = small_processor()
    save_processor(small, tmp_path, patch_size=8, max_length=512)
    assert Processor.from_folder(tmp_path).stop_ids == small.stop_ids
    named = [small.token_id("<|end_header_id|>"), *small.stop_ids[::-1]]
    (tmp_path / "generation_config.json").write_text(json.dumps({"eos_token_id": named}))
    assert Processor.from_folder(tmp_path).stop_ids == tuple(named)


def test_a_template_that_changes_what_was_said_is_refused() -> None:
    source = "{{ messages | length }}{% for message in messages %}{{ message['content'][0]['text'] }}{% endfor %}"
    small = small_processor()
    changing = Processor(small.tokenizer, ChatTemplate(source), small.images, 16)
    turns = [user("?"), assistant("No.")]
    with pytest.raises(
        WeightsError, match="the chat template: got a reply that changes the text before it, expected a"
    ):
        changing.render(sample("a", *turns))


@pytest.mark.parametrize("chat", ["plain", "vicuna_v1", "llama_2_chinese"])
def test_a_stage_may_ask_otherwise_than_the_weights(tmp_path: Path, chat: str) -> None:
    """Qilin-Med-VL learns captions by ``plain``, then is asked by ``vicuna_v1``, with one tokenizer."""
    write_llama2(tmp_path)
    first, other = (prepare_tokenizer(tmp_path, chat=name) for name in ("mistral_instruct", chat))
    images = ImageProcessor(size=28)
    asked = question("a", "左肺有结节吗?", "No nodule.", IMAGE)
    got = Processor(first.tokenizer, first.template, images, 4, first.stop_ids).asked_as(chat)
    wanted = Processor(other.tokenizer, other.template, images, 4, other.stop_ids)
    np.testing.assert_array_equal(got.render(asked).ids, wanted.render(asked).ids)
    assert got.stop_ids == wanted.stop_ids


def test_a_family_needs_its_tokens(tmp_path: Path) -> None:
    write_llama2(tmp_path)
    prepared = prepare_tokenizer(tmp_path, chat="vicuna_v1")
    processor = Processor(prepared.tokenizer, prepared.template, ImageProcessor(size=28), 4)
    assert processor.asked_as(None) is processor
    with pytest.raises(WeightsError, match=r"the chat template llama3: got a tokenizer without <\|eot_id\|>"):
        processor.asked_as("llama3")
