"""The example dialogues that end a run: test images, questions in both languages, the model's own answers."""

import json
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

from doctorsun.schema import Sample
from doctorsun.storage.atomic import write_bytes, write_json
from doctorsun.storage.store import Store

if TYPE_CHECKING:
    from rich.console import Console

    from doctorsun.generate.engine import LocalEngine
    from doctorsun.processor.processor import Processor

QUESTIONS_PER_IMAGE = 2
LANGUAGES = ("zh", "en")


def make_dialogues(
    run: Path, chosen: Sequence[Sequence[Sample]], engine: "LocalEngine", processor: "Processor", max_tokens: int
) -> None:
    """Ask the chosen questions, a list per image; write ``dialogues.json`` and the images beside it.

    Raises:
        RequestError: a question is too long for the model.
    """
    from doctorsun.generate.chat import answer_samples

    flat = [sample for samples in chosen for sample in samples]
    answers: dict[int, str] = {}
    for answer in answer_samples(engine, processor, flat, max_tokens):
        if answer.error:
            raise answer.error
        answers[answer.index] = answer.text
    indices = iter(range(len(flat)))
    dialogues: list[dict[str, object]] = []
    for number, samples in enumerate(chosen, start=1):
        image = samples[0].images[0]
        path = Path("dialogues") / f"image-{number}.png"
        write_bytes(run / path, image.bytes or b"")
        facts = [
            {
                "question": processor.question(sample)[-1].text,
                "answer": answers[next(indices)],
                "truth": sample.messages[-1].text,
                "language": sample.language,
            }
            for sample in samples
        ]
        dialogues.append({"image": str(path), "modality": samples[0].modality, "turns": facts})
    write_json(run / "dialogues.json", dialogues)


def choose(store: Store, count: int) -> list[list[Sample]]:
    """Return questions about ``count`` images, one modality after the other, the languages in turn."""
    hashes = [tuple(images) for images in store.column("images.sha256")]
    modalities, languages = store.column("modality"), store.column("language")
    boxes = [task.startswith("box") for task in store.column("task")]
    by_image: dict[tuple[str, ...], list[int]] = {}
    for row, key in enumerate(hashes):
        if key and not boxes[row]:
            by_image.setdefault(key, []).append(row)
    first: dict[str, list[list[int]]] = {}
    for rows in by_image.values():
        first.setdefault(modalities[rows[0]], []).append(rows)
    queues = list(first.values())
    images = [queue[turn] for turn in range(max(map(len, queues), default=0)) for queue in queues if turn < len(queue)]
    language = cycle(LANGUAGES)
    return [[store[row] for row in _two(rows, languages, next(language))] for rows in images[:count]]


def _two(rows: Sequence[int], languages: Sequence[str], language: str) -> Sequence[int]:
    wanted = [row for row in rows if languages[row] == language] or list(rows)
    return (wanted[0], wanted[-1])[: min(QUESTIONS_PER_IMAGE, len(wanted))]


def print_dialogues(run: Path, console: "Console", language: str) -> None:
    """Print the dialogues of a finished run, if it has any."""
    path = run / "dialogues.json"
    if not path.exists():
        return
    words = ("图像", "问", "答", "真值") if language == "zh" else ("image", "question", "answer", "truth")
    for dialogue in json.loads(path.read_text(encoding="utf-8")):
        console.print(f"\n{words[0]}: {run / dialogue['image']}", highlight=False, soft_wrap=True)
        for turn in dialogue["turns"]:
            for word, key in zip(words[1:], ("question", "answer", "truth"), strict=True):
                console.print(f"  {word}: {turn[key]}", highlight=False, markup=False, soft_wrap=True)
