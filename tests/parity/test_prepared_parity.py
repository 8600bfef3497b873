"""Published tokenizers, made ready for a LLaVA, against transformers', LLaVA's and sentencepiece's own ids."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentencepiece import SentencePieceProcessor
from transformers import AutoProcessor, AutoTokenizer, LlamaTokenizer

from checkpoints.sentencepiece_models import WORDS, original, without_blank, write_internlm2, write_llama2
from checkpoints.tokenizer_files import write_llama3_tokenizer, write_qwen2_tokenizer
from doctorsun.processor.chat_template import as_openai
from doctorsun.processor.config_files import save_processor_configs
from doctorsun.processor.image_processor import ImageProcessor
from doctorsun.processor.prepared import PreparedTokenizer, prepare_tokenizer, save_prepared
from doctorsun.processor.processor import Processor
from doctorsun.schema import Message, image_part
from small_model import assistant, image, png, sample, user

IMAGE_SIZE, PATCH_SIZE, NUM_VISUAL_TOKENS = 28, 14, 4
FOLDERS: dict[str, tuple[Callable[[Path], Any], str | None]] = {
    "Llama 2": (write_llama2, "vicuna_v1"),
    "Llama 2, not legacy": (lambda folder: write_llama2(folder, legacy=False), "vicuna_v1"),
    "Llama 2, no blank": (lambda folder: write_llama2(folder, legacy=False, add_prefix_space=False), "vicuna_v1"),
    "Llama-2-Chinese": (write_llama2, "llama_2_chinese"),
    "Mistral": (write_llama2, "mistral_instruct"),
    "alignment": (write_llama2, "plain"),
    "InternLM2": (write_internlm2, None),
    "Llama 3": (write_llama3_tokenizer, None),
    "Qwen2": (write_qwen2_tokenizer, None),
}
CONVERSATIONS = [
    [
        user(image_part(), "Is there a nodule?"),
        assistant("No nodule is seen."),
        user("Which side?"),
        assistant("左侧。"),
    ],
    [user(image_part(), "左肺有结节吗?"), assistant("未见结节。")],
    [user("Why?"), assistant("1.25 mm")],
    [user(image_part(), image_part(), "Which\n is larger?"), assistant("🫁 二")],
]


@pytest.fixture(scope="module", params=FOLDERS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, PreparedTokenizer]:
    source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("saved")
    write, chat = FOLDERS[request.param]
    write(source)
    prepared = prepare_tokenizer(source, chat=chat)
    save(prepared, folder)
    return folder, prepared


def save(prepared: PreparedTokenizer, folder: Path) -> None:
    save_prepared(prepared, folder, 512)
    save_processor_configs(folder, ImageProcessor(size=IMAGE_SIZE, fit="pad"), PATCH_SIZE)
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": list(prepared.stop_ids)}))


def rendered(folder: Path, turns: list[Message]) -> tuple[list[int], list[bool]]:
    pictures = [image(png(index)) for index in range(sum(turn.num_images for turn in turns))]
    made = Processor.from_folder(folder).render(sample("a", *turns, images=pictures))
    return made.ids.tolist(), made.supervised.tolist()


BLANKS_AND_ENDS = (
    " a", "   nodule", "\n\nIs", " \n a", "左肺 右肺", " 左肺", " 🫁", "\u2581Is", "Is</s> Is", "</s>Is", "</s>  Is",
    "</s>\nIs", "<s>Is<s> Is", " </s>", "</s> </s>a", "</s>左肺", "</s>🫁",
)  # fmt: skip
"""Texts that begin with blanks, and texts behind special tokens."""


@pytest.mark.parametrize(
    "config", [{"legacy": False}, {"legacy": False, "add_prefix_space": False}, {"add_prefix_space": False}], ids=str
)
def test_blanks_stand_where_transformers_puts_them(config: dict[str, Any], tmp_path: Path) -> None:
    write_llama2(tmp_path, **config)
    ours, theirs = prepare_tokenizer(tmp_path, chat="vicuna_v1").tokenizer, LlamaTokenizer.from_pretrained(tmp_path)
    for words in (*WORDS, *BLANKS_AND_ENDS):
        expected = theirs(words, add_special_tokens=False).input_ids
        assert ours.encode(words, add_special_tokens=False).ids == expected, words


@pytest.mark.parametrize("config", [{}, {"legacy": True}], ids=str)
def test_blanks_of_legacy_tokenizers_stand_where_sentencepiece_puts_them(
    config: dict[str, Any], tmp_path: Path
) -> None:
    reader = original(write_llama2(tmp_path, **config))
    special = {text: [reader.piece_to_id(text)] for text in ("<s>", "</s>", "<unk>")}
    ours = prepare_tokenizer(tmp_path, chat="vicuna_v1").tokenizer
    for words in (*WORDS, *BLANKS_AND_ENDS):
        parts = [part for part in re.split(f"({'|'.join(special)})", words) if part]
        expected = [each for part in parts for each in (special.get(part) or reader.encode(part))]
        assert ours.encode(words, add_special_tokens=False).ids == expected, words


@pytest.mark.parametrize("words", WORDS)
def test_the_stock_tokenizer_gives_the_same_ids(made: tuple[Path, PreparedTokenizer], words: str) -> None:
    folder, prepared = made
    stock = AutoTokenizer.from_pretrained(folder)
    for special in (True, False):
        ours = prepared.tokenizer.encode(words, add_special_tokens=special).ids
        assert stock(words, add_special_tokens=special).input_ids == ours


def test_the_stock_tokenizer_knows_the_special_tokens(made: tuple[Path, PreparedTokenizer]) -> None:
    folder, prepared = made
    stock = AutoTokenizer.from_pretrained(folder)
    assert (stock.bos_token_id, stock.eos_token_id) == (prepared.bos_id, prepared.eos_id)
    assert (stock.pad_token_id, stock.image_token_id) == (prepared.pad_id, prepared.image_id)
    assert len(stock) == prepared.num_ids
    assert Processor.from_folder(folder).stop_ids == prepared.stop_ids


@pytest.mark.parametrize("turns", CONVERSATIONS)
def test_the_stock_processor_gives_the_same_ids(made: tuple[Path, PreparedTokenizer], turns: list[Message]) -> None:
    folder, _ = made
    stock = AutoProcessor.from_pretrained(folder)
    text = stock.apply_chat_template(as_openai(turns))
    pictures = [np.zeros((8, 8, 3), dtype=np.uint8) for _ in range(text.count("<image>"))]
    theirs = stock(text=text, images=pictures or None, add_special_tokens=False)["input_ids"]
    assert np.ravel(theirs).tolist() == rendered(folder, turns)[0]


@pytest.mark.parametrize("turns", CONVERSATIONS)
def test_a_prompt_begins_the_training_sequence(made: tuple[Path, PreparedTokenizer], turns: list[Message]) -> None:
    folder, prepared = made
    ids, supervised = rendered(folder, turns)
    prompt = Processor.from_folder(folder).prompt(turns[:-1])
    assert prompt == ids[: len(prompt)]
    assert all(supervised[len(prompt) :])
    reply = prepared.tokenizer.decode(ids[len(prompt) :]).strip()
    assert reply == turns[-1].text.strip()


def slow_ids(model: bytes, text: str, *, is_legacy: bool) -> list[int]:
    """Return the ids of transformers' LlamaTokenizer as it was before version 5, written on sentencepiece."""
    first, inner = original(model), original(without_blank(model))
    parts = [part for part in re.split("(<unk>|<s>|</s>)", text) if part]
    ids: list[int] = []
    for index, part in enumerate(parts):
        reader = first if is_legacy or index == 0 else inner
        ids += [reader.piece_to_id(part)] if part in ("<unk>", "<s>", "</s>") else reader.encode(part)
    return ids


def llava_ids(model: bytes, prompt: str, image_id: int, *, is_legacy: bool) -> list[int]:
    """Return what ``tokenizer_image_token`` of llava/mm_utils.py (haotian-liu/LLaVA) does, with visual tokens."""
    chunks = [slow_ids(model, chunk, is_legacy=is_legacy) for chunk in prompt.split("<image>")]
    ids = [SentencePieceProcessor(model_proto=model).bos_id(), *chunks[0]]
    for chunk in chunks[1:]:
        ids += [image_id] * NUM_VISUAL_TOKENS + chunk
    return ids


SYSTEM = (
    "A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, detailed, "
    "and polite answers to the user's questions. "
)
# get_prompt() of llava/conversation.py, for the conversations above.
TURN = "USER: <image>\nIs there a nodule? ASSISTANT: No nodule is seen.</s>"
LLAVA_PROMPTS = {
    "vicuna_v1": [
        f"{SYSTEM}{TURN}USER: Which side? ASSISTANT: 左侧。</s>",
        f"{SYSTEM}USER: <image>\n左肺有结节吗? ASSISTANT: 未见结节。</s>",
        f"{SYSTEM}USER: Why? ASSISTANT: 1.25 mm</s>",
        f"{SYSTEM}USER: <image>\n<image>\nWhich\n is larger? ASSISTANT: 🫁 二</s>",
    ],
    "mistral_instruct": [
        "[INST] <image>\nIs there a nodule? [/INST] No nodule is seen. </s>[INST] Which side? [/INST] 左侧。 </s>",
        "[INST] <image>\n左肺有结节吗? [/INST] 未见结节。 </s>",
        "[INST] Why? [/INST] 1.25 mm </s>",
        "[INST] <image>\n<image>\nWhich\n is larger? [/INST] 🫁 二 </s>",
    ],
    "plain": ["<image>No nodule is seen.\n左侧。\n", "<image>未见结节。\n", "1.25 mm\n", "<image><image>🫁 二\n"],
}


@pytest.mark.parametrize("is_legacy", [True, False])
@pytest.mark.parametrize("chat", LLAVA_PROMPTS)
def test_ids_are_those_of_llava_on_the_original_model(tmp_path: Path, chat: str, is_legacy: bool) -> None:  # noqa: FBT001
    model = write_llama2(tmp_path, legacy=is_legacy)
    prepared = prepare_tokenizer(tmp_path, chat=chat)
    save(prepared, tmp_path)
    for turns, prompt in zip(CONVERSATIONS, LLAVA_PROMPTS[chat], strict=True):
        wanted = llava_ids(model, prompt, prepared.image_id, is_legacy=is_legacy)
        assert rendered(tmp_path, turns)[0] == wanted, prompt


@pytest.mark.parametrize("is_legacy", [True, False])
def test_special_tokens_in_a_text_are_met_as_the_old_tokenizer_does(tmp_path: Path, is_legacy: bool) -> None:  # noqa: FBT001
    model = write_llama2(tmp_path, legacy=is_legacy)
    tokenizer = prepare_tokenizer(tmp_path, chat="vicuna_v1").tokenizer
    for words in (word for word in WORDS if is_legacy or not word.startswith((" ", "\u2581"))):
        for text in (words, f"<s>{words}", f"a</s>{words}", f"{words}</s><s>b {words}<unk>"):
            ids = tokenizer.encode(text, add_special_tokens=False).ids
            assert ids == slow_ids(model, text, is_legacy=is_legacy), text
