"""What all rows train on: one small LLaVA in transformers' own layout, and two sets of real questions in LLaVA's JSON.

The sets are made from VQA-RAD's training questions (CC0; Lau et al. 2018, doi:10.1038/sdata.2018.251). In ``mixed``
a sample holds one to twelve questions on an image, so that lengths differ as they do in instruction data; ``control``
holds as many samples as one step takes, all of one length, so that every row sees the same batch in every step.
"""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    CLIPImageProcessorPil,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

IMAGE_SIZE, PATCH_SIZE, NUM_VISUAL_TOKENS = 112, 14, 64
VOCAB_SIZE = 4096
QUESTIONS_PER_SAMPLE = (1, 1, 1, 2, 2, 3, 4, 6, 8, 12)
LLAMA3_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# The prompt of LLaVA-1.5 as ms-swift's template `llava1_5_hf` writes it, without a system text.
CHAT_TEMPLATE = (
    "{%- macro words(content) %}{%- if content is string %}{{- content }}{%- else %}{%- for part in content %}"
    "{{- '<image>\\n' if part['type'] == 'image' else part['text'] }}{%- endfor %}{%- endif %}{%- endmacro %}"
    "{{- bos_token }}{%- for message in messages %}{%- if message['role'] == 'user' %}"
    "{{- 'USER: ' + words(message['content']) + '\\nASSISTANT:' }}{%- else %}"
    "{{- ' ' + words(message['content']) + eos_token }}{%- endif %}{%- endfor %}"
)

Record = dict[str, Any]


def read_questions(data: Path) -> dict[str, list[tuple[str, str]]]:
    """Return the training questions and answers of each image; ``data`` is the folder of the published files."""
    by_image: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in json.loads((data / "trainset.json").read_text(encoding="utf-8")):
        by_image[row["image_name"]].append((str(row["question"]).strip(), str(row["answer"]).strip()))
    return dict(sorted(by_image.items()))


def mixed_samples(questions: Mapping[str, Sequence[tuple[str, str]]], seed: int = 7) -> list[Record]:
    """Cut each image's questions into samples of one to twelve."""
    draw, samples = random.Random(seed), []
    for image, asked in questions.items():
        left = draw.sample(list(asked), len(asked))
        while left:
            count = draw.choice(QUESTIONS_PER_SAMPLE)
            samples.append(record(f"{image}-{len(left)}", image, left[:count]))
            left = left[count:]
    draw.shuffle(samples)
    return samples


def control_samples(samples: Sequence[Record], tokenizer: Tokenizer, count: int) -> list[Record]:
    """Take ``count`` samples of the commonest length, each of another image."""
    lengths = [len(tokenizer.encode(sum_text(sample)).ids) for sample in samples]
    for length, _ in Counter(lengths).most_common():
        chosen = {sample["image"]: sample for sample, each in zip(samples, lengths, strict=True) if each == length}
        if len(chosen) >= count:
            return list(chosen.values())[:count]
    raise SystemExit(f"no length is that of {count} samples; take fewer samples per step")


def record(name: str, image: str, asked: Sequence[tuple[str, str]]) -> Record:
    """Write questions on an image as one record of LLaVA's JSON."""
    if len(asked) == 1:
        question, answer = asked[0]
    else:
        question = "Answer in order.\n" + "\n".join(f"{n}. {each}" for n, (each, _) in enumerate(asked, 1))
        answer = "\n".join(f"{n}. {each}" for n, (_, each) in enumerate(asked, 1))
    turns = [{"from": "human", "value": f"<image>\n{question}"}, {"from": "gpt", "value": f" {answer}"}]
    return {"id": name, "image": image, "conversations": turns}


def sum_text(sample: Record) -> str:
    """Return all words of a record."""
    return "".join(turn["value"] for turn in sample["conversations"])


def make_tokenizer(texts: Sequence[str]) -> Tokenizer:
    """Train a byte-level BPE with the special tokens of LLaVA-1.5."""
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    split = pre_tokenizers.Split(Regex(LLAMA3_PATTERN), behavior="isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=VOCAB_SIZE - 64, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    special = ("<s>", "</s>", "<unk>", "<pad>", "<image>")
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    return tokenizer


def write_checkpoint(folder: Path, tokenizer: Tokenizer, seed: int = 7) -> int:
    """Write the network, with random weights by the seed, and its processor; return its parameters."""
    vision = CLIPVisionConfig(
        hidden_size=192,
        intermediate_size=768,
        num_hidden_layers=6,
        num_attention_heads=6,
        image_size=IMAGE_SIZE,
        patch_size=PATCH_SIZE,
    )
    text = LlamaConfig(
        vocab_size=VOCAB_SIZE,
        hidden_size=256,
        intermediate_size=832,
        num_hidden_layers=5,
        num_attention_heads=8,
        num_key_value_heads=8,
        max_position_embeddings=4096,
        bos_token_id=tokenizer.token_to_id("<s>"),
        eos_token_id=tokenizer.token_to_id("</s>"),
        pad_token_id=tokenizer.token_to_id("<pad>"),
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_id=tokenizer.token_to_id("<image>"),
        image_seq_length=NUM_VISUAL_TOKENS,
        vision_feature_layer=-2,
        vision_feature_select_strategy="default",
    )
    torch.manual_seed(seed)
    model = LlavaForConditionalGeneration(config)
    model.save_pretrained(folder)
    names = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)
    square = {"height": IMAGE_SIZE, "width": IMAGE_SIZE}
    images = CLIPImageProcessorPil(size={"shortest_edge": IMAGE_SIZE}, crop_size=square)
    settings = {"patch_size": PATCH_SIZE, "num_additional_image_tokens": 1, "chat_template": CHAT_TEMPLATE}
    processor = LlavaProcessor(images, fast, vision_feature_select_strategy="default", **settings)
    processor.save_pretrained(folder)
    return sum(parameter.numel() for parameter in model.parameters())


def write_inputs(data: Path, folder: Path, samples_per_step: int) -> dict[str, Any]:
    """Write ``checkpoint``, ``mixed.json`` and ``control.json``; return what they hold."""
    mixed = mixed_samples(read_questions(data))
    tokenizer = make_tokenizer([sum_text(sample) for sample in mixed])
    control = control_samples(mixed, tokenizer, samples_per_step)
    folder.mkdir(parents=True, exist_ok=True)
    for name, samples in (("mixed", mixed), ("control", control)):
        (folder / f"{name}.json").write_text(json.dumps(samples, ensure_ascii=False), encoding="utf-8")
    parameters = write_checkpoint(folder / "checkpoint", tokenizer)
    lengths = [NUM_VISUAL_TOKENS + len(tokenizer.encode(sum_text(sample)).ids) for sample in mixed]
    batches = [lengths[i : i + samples_per_step] for i in range(0, len(lengths), samples_per_step)]
    padded = sum(max(batch) * len(batch) for batch in batches)
    return {
        "parameters": parameters,
        "samples": len(mixed),
        "images": len({sample["image"] for sample in mixed}),
        "tokens_of_a_sample": {"min": min(lengths), "mean": sum(lengths) / len(lengths), "max": max(lengths)},
        "padding_share_of_random_batches": 1 - sum(lengths) / padded,
    }
