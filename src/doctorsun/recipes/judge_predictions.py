"""Answers on disk judged by a model behind a server; verdicts are kept, so that none is asked for twice."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from doctorsun.endpoint.client import EndpointClient
from doctorsun.errors import DataError
from doctorsun.eval.judging import (
    JUDGE_PROMPT_SHA256,
    JUDGED_KINDS,
    Agreement,
    agreements,
    judge_prompt,
    judge_scores,
    read_verdict,
)
from doctorsun.eval.predictions import read_predictions
from doctorsun.generate.remote import answer_samples_remotely
from doctorsun.recipes.evaluate_endpoint import RemoteModel
from doctorsun.schema import Message, Prediction, Sample, Score, Source, text_part
from doctorsun.storage.atomic import disk_errors, write_json

_MAX_TOKENS = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a judge makes of a file of answers.

    Attributes:
        judge: the model's name on its server.
        prompt_sha256: of the words that it was asked with, before answers are put in.
        num_missing: answers on which it gave no verdict.
        file: where all of this was written.
    """

    judge: str
    prompt_sha256: str
    scores: list[Score]
    agreements: list[Agreement]
    num_missing: int
    file: Path


def judge_predictions(path: Path, judge: RemoteModel, tell: Callable[[str], None]) -> Judgement:
    """Ask a judge about every answer that it has not judged yet, and write its scores beside the answers.

    Verdicts stand in ``judge-NAME.jsonl``, scores and agreement in ``judge-NAME.json``; nothing of them goes into the
    scores of rules. A question without an answer is wrong without being asked about.

    Args:
        path: predictions, of any model.
        judge: where and whom to ask.
        tell: told what is not judged.

    Raises:
        DataError: the predictions cannot be read, or hold no answers of a kind that is judged.
        RequestError: the server failed many times in a row.
    """
    rows = read_predictions(path)
    judged = {
        place: judge_prompt(row) for place, row in enumerate(rows) if row.kind in JUDGED_KINDS and row.status == "ok"
    }
    if not judged:
        expected = "answers of kind " + ", ".join(JUDGED_KINDS)
        raise DataError(f"predictions {path}", got="none that a judge is asked about", expected=expected)
    file = path.with_name(f"judge-{_slug(judge.name)}.jsonl")
    replies = _asked(judge, judged, rows, file)
    verdicts = {place: read_verdict(replies[key]) for place, key in _keys(judge, judged).items() if key in replies}
    if len(verdicts) < len(judged):
        tell(f"{len(judged) - len(verdicts)} answers have no verdict; call again to ask about them again")
    protocol = f"judge:{judge.name}@{JUDGE_PROMPT_SHA256[:12]}"
    found = Judgement(
        judge=judge.name,
        prompt_sha256=JUDGE_PROMPT_SHA256,
        scores=judge_scores(rows, verdicts, protocol),
        agreements=agreements(rows, verdicts),
        num_missing=len(judged) - len(verdicts),
        file=file.with_suffix(".json"),
    )
    write_json(found.file, asdict(found) | {"file": file.with_suffix(".json").name})
    return found


def _asked(judge: RemoteModel, judged: Mapping[int, str], rows: Sequence[Prediction], file: Path) -> dict[str, str]:
    """Return all replies by key, those that are kept and new ones, which are kept at once."""
    replies, keys = _kept(file), _keys(judge, judged)
    open_places = list({key: place for place, key in keys.items() if key not in replies}.values())
    samples = [_sample(rows[place].id, judged[place]) for place in open_places]
    with EndpointClient(judge.endpoint()) as client, disk_errors(file), file.open("a", encoding="utf-8") as lines:
        if replies:
            lines.write("\n")  # a kill may have cut the last line short
        for answer in answer_samples_remotely(client, samples, _MAX_TOKENS, num_parallel=judge.num_parallel):
            if answer.error is None:
                place = open_places[answer.index]
                replies[keys[place]] = answer.text
                line = {"key": keys[place], "id": rows[place].id, "reply": answer.text}
                lines.write(json.dumps(line, ensure_ascii=False) + "\n")
                lines.flush()
    return replies


def _keys(judge: RemoteModel, judged: Mapping[int, str]) -> dict[int, str]:
    """Return what each reply is kept under: a SHA-256 of judge, revision and words."""
    who = [judge.name, judge.revision]
    return {place: hashlib.sha256(json.dumps([*who, text]).encode()).hexdigest() for place, text in judged.items()}


def _kept(file: Path) -> dict[str, str]:
    """Read the replies that came before; a line that a kill cut short is passed over."""
    kept: dict[str, str] = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        try:
            row = json.loads(line)
            kept[row["key"]] = row["reply"]
        except (ValueError, KeyError, TypeError):
            continue
    return kept


def _sample(name: str, prompt: str) -> Sample:
    message = Message(role="user", content=(text_part(prompt),))
    return Sample(id=name, messages=(message,), source=Source(dataset="judge"))


def _slug(name: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9._]+", "-", name)
    return plain if plain == name else f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
