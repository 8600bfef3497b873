"""RunRecord: what the files of a run folder say, read at any time while the run goes on."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doctorsun.errors import DataError, RecipeError
from doctorsun.eval.scoring import read_scores
from doctorsun.report.progress import Progress, read_progress
from doctorsun.schema import Score


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run as its files tell it.

    Attributes:
        info: the content of ``run.json``.
        scores: all rows of all ``eval/*/scores.json``, tasks in alphabetical order.
        margins: all rows of all ``eval/*/controls.json``.
    """

    folder: Path
    info: dict[str, Any]
    progress: Progress
    scores: tuple[Score, ...]
    margins: tuple[dict[str, Any], ...] = ()

    @property
    def is_finished(self) -> bool:
        """Whether the run says that it is done."""
        return bool(self.info.get("finished"))

    def held_out_stores(self) -> list[Path]:
        """Return the stores outside of the run that its recipe names for validation and test."""
        sources = self.info.get("recipe", {}).get("data", {}).get("sources", {})
        named = (source["splits"] for source in sources.values() if source.get("reader") == "store")
        return [Path(folder) for splits in named for split, folder in splits.items() if split != "train"]


def read_run(run: Path) -> RunRecord:
    """Read a run folder; parts that do not exist yet are empty.

    Raises:
        RecipeError: the folder holds no ``run.json``.
        DataError: that cannot be read, or a score file is broken.
    """
    info = _read_info(run / "run.json")
    score_files = sorted((run / "eval").glob("*/scores.json"))
    scores = tuple(score for path in score_files for score in read_scores(path))
    found = [read_object(path) for path in sorted((run / "eval").glob("*/controls.json"))]
    margins = tuple(row for content in found for row in content.get("rows", ()))
    progress = read_progress(run / "metrics.jsonl")
    return RunRecord(folder=run, info=info, progress=progress, scores=scores, margins=margins)


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        DataError: the file holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(str(path), got=f"broken JSON ({error})", expected="a JSON object") from error
    if not isinstance(content, dict):
        raise DataError(str(path), got=f"a {type(content).__name__}", expected="a JSON object")
    return content


def _read_info(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise RecipeError(
            str(path.parent), got="a folder without run.json", expected="the folder of a run", do="check the path"
        )
    return read_object(path)
