"""Boxes in the answers of our server of a small model that was taught to give them, and of its weights here."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from doctorsun.eval.predictions import read_predictions
from doctorsun.processor.processor import Processor
from doctorsun.recipes.evaluate_endpoint import RemoteModel, evaluate_endpoint
from doctorsun.recipes.evaluate_weights import evaluate_weights
from doctorsun.schema import Answer, Sample
from served_weights import served_weights
from small_model import image, png, question, save_small, small_model, small_processor, write_store

SAID = "<ref>nodule</ref><box>[[145, 288, 764, 644]]</box>"
NUM_STEPS = 120
SIZES = ((90, 41), (33, 64), (32, 32), (200, 120))


def asked() -> list[Sample]:
    gold = Answer(kind="box", gold=("nodule 1 1 9 9",))
    return [
        question(str(n), f"Where is the nodule? {n}", SAID, image(png(n, *size), *size), answer=gold)
        for n, size in enumerate(SIZES)
    ]


def save_taught(folder: Path, samples: Sequence[Sample]) -> Path:
    """Write a small model that learnt the replies by heart."""
    processor, model = small_processor("pad"), small_model()
    ids, supervised, pixels = (torch.from_numpy(np.stack(rows)) for rows in zip(*read(processor, samples), strict=True))
    labels = torch.where(supervised, ids, -100)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(NUM_STEPS):
        optimizer.zero_grad()
        model(input_ids=ids, pixel_values=pixels, labels=labels).loss.backward()
        optimizer.step()
    return save_small(folder, fit="pad", model=model)


def read(processor: Processor, samples: Sequence[Sample]) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    rows = [processor.render(sample) for sample in samples]
    pictures = [processor.pixels(sample.images[0].bytes or b"") for sample in samples]
    return [
        (row.ids.astype(np.int64), row.supervised, picture.astype(np.float32) / 127.5 - 1)
        for row, picture in zip(rows, pictures, strict=True)
    ]


def test_boxes_of_our_server_are_those_of_its_weights(tmp_path: Path) -> None:
    samples = asked()
    weights = save_taught(tmp_path / "taught", samples)
    store = write_store(tmp_path / "store", samples).folder
    (here,) = evaluate_weights(
        weights, {"phantom": store}, out=tmp_path / "here", controls=["real"], on_progress=lambda *_: None, tell=print
    )
    with served_weights(weights, tmp_path / "state") as url:
        (there,) = evaluate_endpoint(
            RemoteModel(url=url, name="taught"), {"phantom": store},
            out=tmp_path / "there", controls=["real"], on_progress=lambda *_: None, tell=print,
        )  # fmt: skip
    local, remote = (
        {row.id: row.output for row in read_predictions(file.with_name("predictions.parquet"))}
        for file in (here, there)
    )
    assert remote == local
    assert len(set(local.values())) == len(SIZES)
    assert all(answer.startswith("<ref>nodule</ref>[") for answer in local.values())
