"""What a judging model made of answers, printed: its scores, who it is, and how far it agrees with the rules."""

from dataclasses import asdict

import typer

from doctorsun.cli.printing import print_json
from doctorsun.cli.score_table import print_scores
from doctorsun.cli.session import Language
from doctorsun.cli.words import say
from doctorsun.eval.judging import Agreement
from doctorsun.recipes.judge_predictions import Judgement


def print_judgement(judgement: Judgement, language: Language, *, as_json: bool) -> None:
    """Print the scores, and below them who judged and how far it agrees with the rules; or all as JSON."""
    if as_json:
        print_json(asdict(judgement) | {"file": str(judgement.file)})
        return
    print_scores(judgement.scores, language, as_json=False)
    typer.echo(say("judge", language, judge=judgement.judge, sha256=judgement.prompt_sha256))
    agreements = {row.kind: row for row in judgement.agreements}
    for kind in dict.fromkeys(score.kind for score in judgement.scores if score.control == "real"):
        typer.echo(_agreement(kind, agreements.get(kind), language))


def _agreement(kind: str, row: Agreement | None, language: Language) -> str:
    if row is None:
        return say("judge_unread", language, kind=kind)
    kappa = say("undefined", language) if row.kappa is None else f"{row.kappa:.3f}"
    return say(
        "judge_agrees", language, kind=kind, rule=row.rule, agreement=f"{row.agreement:.1%}", n=str(row.n), kappa=kappa
    )
