"""The table of scores: each number with its interval, its denominators and what is known of the answers."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import typer

from doctorsun.cli.printing import print_json, print_rows
from doctorsun.cli.session import Language
from doctorsun.cli.words import say
from doctorsun.schema import Score


def print_scores(
    scores: Sequence[Score], language: Language, *, as_json: bool, about: Mapping[str, str] | None = None
) -> None:
    """Print every score as JSON; or those of whole tasks as a table, with their prompts and decoding below it.

    Args:
        scores: all of them.
        language: of headings and of what stands below the table.
        as_json: print JSON.
        about: ``file`` and ``sha256`` of what was scored.
    """
    if as_json:
        print_json({**(about or {}), "scores": [asdict(each) for each in scores]})
        return
    whole = [each for each in scores if each.slice is None]
    has_models = len({each.model for each in whole}) > 1
    print_rows((({"model": each.model} if has_models else {}) | table_row(each) for each in whole), language)
    for line in dict.fromkeys(line_of_answers(each, language) for each in whole):
        typer.echo(line)
    if about:
        typer.echo(say("scored_file", language, **about))


def table_row(score: Score) -> dict[str, str | int | float]:
    """Return the cells of one score."""
    return {
        "task": score.task,
        "lang": score.language,
        "kind": score.kind,
        "protocol": score.protocol,
        "metric": score.metric,
        "control": score.control,
        "value": f"{score.value:.4f}",
        "95 %": f"{score.low:.3f}-{score.high:.3f}",
        "n": score.n,
        "images": score.num_clusters,
        "failed": _share(score.num_errors, score.n if score.control == "real" else score.n + score.num_errors),
        "invalid": _share(score.num_invalid, score.n),
        "cut": _share(score.num_truncated, score.n),
        "chars": f"{score.mean_chars:.1f}",
        "tokens": f"{score.mean_tokens:.1f}" if score.mean_tokens else "-",
    }


def line_of_answers(score: Score, language: Language) -> str:
    """Return what stands below the table: the denominators of a set of answers, its prompt and its decoding."""
    return say(
        "answers_of",
        language,
        answers=f"{score.task} {score.language} {score.control} {score.model}".rstrip(),
        num_rows=str(score.num_rows),
        num_closed=str(score.num_closed),
        num_open=str(score.num_open),
        kind=score.kind,
        prompt=score.prompt or say("unknown", language),
        decoding=score.decoding or say("decoding_unknown", language),
    )


def _share(count: int, of: int) -> str:
    return f"{count} ({count / of:.1%})" if count else "0"
