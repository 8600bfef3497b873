"""What each published chat template makes of conversations, token by token: which id, which text, in the loss or not.

The tables lie in ``tokens``, one per family; ``python tests/golden/test_token_tables.py`` writes them anew after an
intended change. Every tokenizer is a small one of the exact published kind. What to look for in a table: the loss
counts the replies and the token that ends each, and nothing else; each reply goes on where its prompt ends.

Sources: Llama-3 xtuner's PROMPT_TEMPLATE.llama3_chat with SUFFIX_AS_EOS (Doctor Sun); Vicuna v1 and plain LLaVA's
conv_templates with preprocess_v1 and preprocess_plain of llava/train/train.py (Qilin-Med-VL's two stages);
Llama-2-Chinese README.md of FlagAlpha's Llama2-Chinese; chatml the chat_template of internlm2_5-7b-chat (GMAI-VL).
"""

import sys
import tempfile
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from checkpoints.sentencepiece_models import write_internlm2, write_llama2
from checkpoints.tokenizer_files import write_llama3_tokenizer
from doctorsun.processor.image_processor import ImageProcessor
from doctorsun.processor.prepared import prepare_tokenizer
from doctorsun.processor.processor import Processor, Rendered
from doctorsun.schema import Image, Message, Sample, image_part
from doctorsun.train.replies import shortened
from small_model import assistant, image, png, sample, user

TABLES = Path(__file__).parent / "tokens"
FAMILIES: dict[str, Callable[[Path], Any]] = {
    "llama3": write_llama3_tokenizer,
    "vicuna_v1": write_llama2,
    "llama_2_chinese": write_llama2,
    "chatml": write_internlm2,
    "plain": write_llama2,
}
NUM_VISUAL_TOKENS = 4
ONE, TWO = image(png(1)), image(png(2))


def conversation(name: str, *messages: Message, images: tuple[Image, ...] = ()) -> Sample:
    return sample(name, *messages, images=images)


SAMPLES = (
    conversation("one image", user(image_part(), "左肺有结节吗?"), assistant("No nodule is seen."), images=(ONE,)),
    conversation(
        "several turns",
        user(image_part(), "Which organ is it?"),
        assistant("The lung."),
        user("Which side?"),
        assistant("左侧。"),
        images=(ONE,),
    ),
    conversation(
        "several images", user(image_part(), image_part(), "Is it larger?"), assistant("No."), images=(ONE, TWO)
    ),
    conversation(
        "an image in a later turn",
        user(image_part(), "Is there a nodule?"),
        assistant("No."),
        user(image_part(), "And here?"),
        assistant("Yes."),
        images=(ONE, TWO),
    ),
    conversation("text only", user("Why?"), assistant("The heart is not enlarged.")),
    conversation("a document", assistant("左肺未见结节。\nNo pleural effusion.")),
)
CUT = "several turns"
"""The sample that is shown once more with one token too few for all its turns."""


def processor_of(family: str, folder: Path) -> Processor:
    FAMILIES[family](folder)
    prepared = prepare_tokenizer(folder, chat=family)
    return Processor(
        prepared.tokenizer, prepared.template, ImageProcessor(size=28), NUM_VISUAL_TOKENS, prepared.stop_ids
    )


def rows(processor: Processor, rendered: Rendered) -> list[str]:
    """Return a line for each token, and one for all visual tokens of an image."""
    found: list[str] = []
    place = 0
    pairs = list(zip(rendered.ids.tolist(), rendered.supervised.tolist(), strict=True))
    for (token, is_reply), run in groupby(pairs):
        length = len(list(run))
        texts = [processor.tokenizer.id_to_token(token)] * (1 if token == processor.image_token_id else length)
        for text in texts:
            end = place + length // len(texts) - 1
            where = f"{place}" if end == place else f"{place}-{end}"
            found.append(f"{where:>7}  {token:>4}  {'reply' if is_reply else '-':<5}  {text!r}")
            place = end + 1
    return found


def table(family: str, folder: Path) -> str:
    """Return all samples as one family renders them."""
    processor = processor_of(family, folder)
    parts: list[str] = []
    for each in SAMPLES:
        whole = processor.render(each)
        parts.append("\n".join([f"# {each.id}", *rows(processor, whole)]))
        if each.id == CUT:
            cut = shortened(whole, len(whole.ids) - 1)
            assert cut is not None
            parts.append("\n".join([f"# {each.id}, cut to {len(whole.ids) - 1} tokens", *rows(processor, cut)]))
    return "\n\n".join(["  place    id  loss   token", *parts]) + "\n"


@pytest.mark.parametrize("family", FAMILIES)
def test_tokens_are_those_of_the_table(family: str, tmp_path: Path) -> None:
    assert table(family, tmp_path) == (TABLES / f"{family}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("family", FAMILIES)
def test_no_length_cuts_a_turn_or_an_image(family: str, tmp_path: Path) -> None:
    processor = processor_of(family, tmp_path)
    for each in SAMPLES:
        whole = processor.render(each)
        for length in range(len(whole.ids) + 1):
            cut = shortened(whole, length)
            if cut is None:
                continue
            visual = int((cut.ids == processor.image_token_id).sum())
            assert visual == len(each.images) * NUM_VISUAL_TOKENS
            assert len(cut.ids) <= length
            assert len(cut.ids) in whole.turn_ends
            assert cut.supervised[-1]


if __name__ == "__main__":
    for name in FAMILIES:
        with tempfile.TemporaryDirectory() as made:
            (TABLES / f"{name}.txt").write_text(table(name, Path(made)), encoding="utf-8")
        sys.stdout.write(f"{TABLES / name}.txt\n")
