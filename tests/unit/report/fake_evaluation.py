"""A realistic evaluation folder without any model: answers to drawn questions, scored for real."""

from dataclasses import replace
from pathlib import Path

from fake_run import fake_predictions, fake_samples

from doctorsun.eval.predictions import write_predictions
from doctorsun.eval.scoring import score, write_scores
from doctorsun.schema import Prediction
from doctorsun.storage.store import StoreWriter

MODEL, REVISION, DECODING = "tiny", "4f1c2d9e0b7a6c5d", "greedy, 128 tokens"


def write_fake_evaluation(out: Path, *, num_images: int = 48, has_store: bool = True) -> Path:
    """Write the folder of one task, ``phantom``: two thirds of the answers right, none with a blank image."""
    folder = out / "phantom"
    folder.mkdir(parents=True)
    samples = list(fake_samples(num_images))
    if has_store:
        with StoreWriter(folder / "store", name="phantom", step={"read": "phantom"}) as store:
            for sample in samples:
                store.add([sample])
    write_answers(folder, [as_asked(row) for row in fake_predictions(samples)])
    return out


def write_answers(folder: Path, predictions: list[Prediction]) -> None:
    """Write answers and their scores."""
    folder.mkdir(parents=True, exist_ok=True)
    write_predictions(folder / "predictions.parquet", predictions)
    write_scores(folder / "scores.json", score(predictions))


def as_asked(row: Prediction) -> Prediction:
    """Return an answer with all that an evaluation records of it."""
    return replace(
        row,
        prompt=f"user: <image>\n{row.question}\nassistant:",
        model=MODEL,
        revision=REVISION,
        decoding=DECODING,
        num_tokens=len(row.output.split()),
    )
