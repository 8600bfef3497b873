"""A realistic run folder without any training: what `write_report` reads, written in a second."""

import hashlib
import io
import json
import math
import random
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
from PIL import Image as Picture

from doctorsun.eval.predictions import write_predictions
from doctorsun.schema import (
    Answer,
    Image,
    Message,
    Object,
    Prediction,
    Sample,
    Score,
    Source,
    image_part,
    sample_id,
    text_part,
)
from doctorsun.storage.store import StoreWriter

MODALITIES = (
    "chest_xray",
    "abdominal_ct",
    "brain_mr",
    "fundus",
    "ultrasound",
    "histology",
    "dermoscopy",
    "blood_smear",
)
STAGES = (("pretrain", 6.5, 1.9), ("align", 3.2, 1.4), ("deep-align", 1.5, 0.8), ("instruct", 1.1, 0.22))
TYPES = {
    "modality": (0.99, 0.5),
    "plane": (0.97, 0.52),
    "presence:nodule": (0.93, 0.51),
    "presence:effusion": (0.96, 0.55),
    "presence:ring_lesion": (0.9, 0.49),
    "side:nodule": (0.52, 0.5),
    "zone:nodule": (0.61, 0.5),
    "count:haemorrhage": (0.7, 0.5),
    "size:liver_lesion": (0.78, 0.53),
}


def write_fake_run(run: Path, *, is_finished: bool = True, num_steps: int = 60, num_images: int = 24) -> Path:
    """Write the folder; an unfinished run stops in the middle of the last stage, before any evaluation."""
    run.mkdir(parents=True, exist_ok=True)
    write_info(run, is_finished=is_finished)
    write_metrics(run / "metrics.jsonl", num_steps=num_steps, is_finished=is_finished)
    samples = list(fake_samples(num_images))
    with StoreWriter(run / "stores/phantom/test", name="phantom", step={"read": "phantom"}) as store:
        for sample in samples:
            store.add([sample])
    if is_finished:
        folder = run / "eval/phantom"
        folder.mkdir(parents=True)
        write_predictions(folder / "predictions.parquet", list(fake_predictions(samples)))
        write_scores(folder / "scores.json", list(fake_scores()))
    return run


def write_info(run: Path, *, is_finished: bool = True, **changes: object) -> None:
    counts = {
        "language": {"zh": 60_100, "en": 59_900},
        "modality": {name: 15_000 - 900 * index for index, name in enumerate(MODALITIES)},
        "domain": {"medical": 80_000, "general": 40_000},
        "licence": {"Apache-2.0": 120_000},
        "task": {"presence:nodule": 40_000, "presence:effusion": 30_000, "caption": 25_000, "report": 25_000},
    }
    data = {
        "phantom/train": _store_facts(8_000, 12, {"truncated_image": 9, "blank_image": 3}, counts),
        "phantom/test": _store_facts(400, 0, {}, {}),
        "shapes/train": _store_facts(4_000, 2, {"duplicate": 2}, {}),
    }
    info = {
        "recipe": {"model": {"preset": "tiny"}, "stages": {name: {"steps": 60} for name, _, _ in STAGES}},
        "recipe_name": "tiny",
        "versions": {"doctorsun": "0.1.0", "torch": "2.13.0", "transformers": "5.23.0", "python": "3.11.9"},
        "git_commit": "4f1c2d9e0b7a6c5d4e3f",
        "data": data,
        "seed": 7,
        "machine": {
            "cpu": "Intel Xeon Platinum 8481C",
            "cores": 2,
            "memory_gib": 23,
            "device": "cpu",
            "precision": "bf16",
            "precision_reason": "AMX tiles are there",
        },
        "started": "2026-05-04T09:12:31+00:00",
        "finished": "2026-05-04T09:20:02+00:00" if is_finished else None,
    }
    (run / "run.json").write_text(json.dumps(info | changes), encoding="utf-8")


def write_metrics(path: Path, *, num_steps: int, is_finished: bool) -> None:
    rng = random.Random(3)
    events: list[dict[str, object]] = []
    for index, (stage, first, last) in enumerate(STAGES):
        is_last = index == len(STAGES) - 1
        events.append(_stage_start(stage, index, num_steps))
        for step in range(1, (num_steps if is_finished or not is_last else num_steps * 2 // 3) + 1):
            loss = last + (first - last) * math.exp(-6 * step / num_steps) + rng.gauss(0, 0.04 * last)
            tokens = int(2048 * rng.uniform(0.9, 1.1))
            events.append(_step(stage, step, loss, tokens, 0.8 * rng.uniform(0.9, 1.15)))
            if step % max(num_steps // 4, 1) == 0:
                events.append(_validation(stage, step, loss * 1.08))
                events.append(_evaluation(stage, step, step / num_steps))
        if is_finished or not is_last:
            events.append({"event": "stage_end", "stage": stage, "steps": num_steps, "wall_s": 88.4 + 11 * index})
    if is_finished:
        events.append({"event": "eval", "task": "phantom", "wall_s": 21.3, "time": 1.0})
    path.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")


def fake_samples(num_images: int) -> Iterator[Sample]:
    """Yield one sample per image: closed, multiple choice, open and box questions in both languages."""
    for index in range(num_images):
        modality = MODALITIES[index % len(MODALITIES)]
        language = "zh" if (index // 3) % 2 else "en"
        kind, asked, answer = _question(index, language)
        encoded = _draw(index)
        picture = Image(bytes=encoded, sha256=hashlib.sha256(encoded).hexdigest(), width=128, height=128)
        yield Sample(
            id=sample_id("phantom", f"patient-{index}", language, asked),
            messages=(
                Message(role="user", content=(image_part(), text_part(asked))),
                Message(role="assistant", content=(text_part(answer.gold[0]),)),
            ),
            source=Source(dataset="phantom", split="test", licence="Apache-2.0", original_id=f"patient-{index}"),
            images=(picture,),
            answer=answer,
            language=language,
            task=kind,
            modality=modality,
            objects=(Object(label="nodule", box_px=(40.0, 50.0, 62.0, 71.0)),) if answer.kind == "box" else (),
        )


def fake_predictions(samples: list[Sample]) -> Iterator[Prediction]:
    """Yield an answer to every sample, about a third of them wrong, with the true and with a blank image."""
    for index, sample in enumerate(samples):
        assert sample.answer is not None
        for control in ("real", "blank"):
            is_right = control == "real" and index % 3 != 1
            yield Prediction(
                id=sample.id,
                task="phantom",
                language=sample.language,
                kind=sample.answer.kind,
                question=sample.messages[0].text,
                options=sample.answer.options,
                gold=sample.answer.gold,
                output=_output(sample.answer, sample.language, is_right=is_right),
                cluster=sample.images[0].sha256,
                question_type=sample.task,
                modality=sample.modality,
                image_control=control,
            )


def fake_scores() -> Iterator[Score]:
    rows = {
        ("closed", "polarity@2", "macro_accuracy"): (0.86, {"blank": 0.5, "shuffled": 0.53, "prior": 0.51}),
        ("closed", "polarity@2", "accuracy"): (0.88, {"blank": 0.5, "shuffled": 0.54, "prior": 0.52}),
        ("mcq", "mcq_strict@1", "accuracy"): (0.71, {"blank": 0.31, "shuffled": 0.34, "prior": 0.36}),
        ("open", "open_tokens@1", "f1"): (0.64, {"blank": 0.35, "shuffled": 0.37, "prior": 0.41}),
        ("open", "open_tokens@1", "exact"): (0.55, {"blank": 0.25, "shuffled": 0.27, "prior": 0.33}),
        ("box", "box_iou@1", "accuracy"): (0.28, {"blank": 0.02, "shuffled": 0.03}),
    }
    for index, language in enumerate(("en", "zh")):
        for rule, (value, controls) in rows.items():
            for control, share in {"real": value - 0.013 * index, **controls}.items():
                yield _score(language, rule, share, control)
        for name, (value, chance) in TYPES.items():
            for control, share in {"real": value - 0.01 * index, "blank": chance, "shuffled": chance + 0.02}.items():
                yield _score(language, ("closed", "polarity@2", "accuracy"), share, control, f"question_type={name}")
        for number, name in enumerate(MODALITIES):
            for control, share in {"real": 0.95 - 0.03 * number, "blank": 0.5, "shuffled": 0.52}.items():
                yield _score(language, ("closed", "polarity@2", "accuracy"), share, control, f"modality={name}")


def write_scores(path: Path, scores: list[Score]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"scores": [asdict(score) for score in scores]}), encoding="utf-8")


def _score(language: str, rule: tuple[str, str, str], value: float, control: str, part: str | None = None) -> Score:
    kind, protocol, metric = rule
    width = 0.07 if part else 0.025
    return Score(
        task="phantom",
        language=language,
        kind=kind,
        protocol=protocol,
        metric=metric,
        value=value,
        low=max(value - width, 0.0),
        high=min(value + width, 1.0),
        n=180 if part else 1640,
        num_invalid=4 if kind == "mcq" and control == "real" else 0,
        control=control,
        slice=part,
    )


def _store_facts(read: int, dropped: int, reasons: dict[str, int], counts: dict[str, dict[str, int]]) -> dict:
    kept = read - dropped
    return {
        "sha256": hashlib.sha256(str(read).encode()).hexdigest(),
        "rows": kept * 15,
        "read": read,
        "kept": kept,
        "dropped": dropped,
        "dropped_reasons": reasons,
        "counts": counts,
    }


def _stage_start(stage: str, index: int, num_steps: int) -> dict[str, object]:
    return {
        "event": "stage_start",
        "stage": stage,
        "stage_index": index,
        "num_stages": len(STAGES),
        "num_steps": num_steps,
        "trainable_parameters": (2_100_000, 164_000, 1_300_000, 3_600_000)[index],
        "samples": 128 * num_steps,
        "mixture": {"text": 1.0} if stage == "pretrain" else {"phantom": 2 / 3, "shapes": 1 / 3},
        "languages": {"zh": 0.503, "en": 0.497},
        "time": 0.0,
    }


def _step(stage: str, step: int, loss: float, tokens: int, step_s: float) -> dict[str, object]:
    return {
        "event": "step",
        "stage": stage,
        "step": step,
        "loss": loss,
        "lr": 1e-3,
        "grad_norm": 0.9,
        "samples": 128,
        "supervised_tokens": tokens,
        "total_tokens": tokens * 4,
        "padding_share": 0.0,
        "loader_wait_s": 0.01,
        "loader_wait_share": 0.01 / step_s,
        "step_s": step_s,
        "mfu": 0.31 / step_s,
        "peak_memory_gib": 1.5,
        "loss_by_source": {"phantom": 1.2 * loss, "shapes": 0.6 * loss},
        "loss_by_language": {"en": 0.9 * loss, "zh": 1.1 * loss},
        "time": float(step),
    }


def _validation(stage: str, step: int, loss: float) -> dict[str, object]:
    parts = {"loss_by_source": {"phantom": loss}, "loss_by_language": {"en": 0.9 * loss, "zh": 1.1 * loss}}
    return {"event": "validation", "stage": stage, "step": step, "loss": loss, "samples": 256, **parts}


def _evaluation(stage: str, step: int, share: float) -> dict[str, object]:
    names = {
        f"phantom/{kind}/{language}": 0.1 * len(kind + language)
        for kind in ("closed", "box")
        for language in ("en", "zh")
    }
    scores = {f"{name}/accuracy": low + (0.9 - low) * share for name, low in names.items()}
    return {"event": "evaluation", "stage": stage, "step": step, "scores": scores}


def _question(index: int, language: str) -> tuple[str, str, Answer]:
    en = language == "en"
    match index % 4:
        case 0:
            asked = "Is there a nodule in the right lung?" if en else "右肺是否可见结节？"
            return "presence:nodule", asked, Answer(kind="closed", gold=("yes" if en else "是",))
        case 1:
            options = ("Left", "Right", "Both sides", "Neither") if en else ("左侧", "右侧", "双侧", "均无")
            letters = "\n".join(f"{letter}. {text}" for letter, text in zip("ABCD", options, strict=True))
            asked = ("On which side does the lesion lie?" if en else "病变位于哪一侧？") + "\n" + letters
            return "side:nodule", asked, Answer(kind="mcq", gold=("B",), options=options)
        case 2:
            asked = "What is the main finding?" if en else "主要征象是什么？"
            return "finding", asked, Answer(kind="open", gold=("pleural effusion" if en else "胸腔积液",))
        case _:
            asked = "Where is the nodule? Give its box." if en else "结节在哪里？请给出方框。"
            return "box:nodule", asked, Answer(kind="box", gold=("nodule 40 50 62 71",))


def _output(answer: Answer, language: str, *, is_right: bool) -> str:
    wrong = {"closed": "No." if language == "en" else "否。", "mcq": "C.", "open": "rib fracture", "box": ""}
    right = {"closed": "Yes." if language == "en" else "是。", "mcq": "B.", "open": answer.gold[0]}
    return right.get(answer.kind, answer.gold[0]) if is_right else wrong[answer.kind]


def _draw(index: int) -> bytes:
    """Draw a small picture that differs per index, as PNG bytes."""
    rows, columns = np.mgrid[0:128, 0:128]
    rng = np.random.default_rng(index)
    disc = np.exp(-((rows - 64) ** 2 + (columns - 64) ** 2) / (2 * (26 + index) ** 2))
    spot = np.exp(-((rows - 60) ** 2 + (columns - 51) ** 2) / 60)
    pixels = 150 * disc + 80 * spot + rng.normal(0, 6, (128, 128))
    buffer = io.BytesIO()
    Picture.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()
