"""What a judging model made of answers, printed: its scores, who it is, and how far it agrees with the rules."""

from dataclasses import asdict

import typer

from doctorsun.cli.printing import print_json
from doctorsun.cli.score_table import print_scores
from doctorsun.recipes.judge_predictions import Judgement


def print_judgement(judgement: Judgement, *, as_json: bool) -> None:
    """Print the scores, and below them who judged and how far it agrees with the rules; or all as JSON."""
    if as_json:
        print_json(asdict(judgement) | {"file": str(judgement.file)})
        return
    print_scores(judgement.scores, as_json=False)
    typer.echo(f"judge {judgement.judge}, prompt sha256 {judgement.prompt_sha256}")
    for row in judgement.agreements:
        kappa = "undefined" if row.kappa is None else f"{row.kappa:.3f}"
        typer.echo(f"{row.kind}: agrees with {row.rule} in {row.agreement:.1%} of {row.n} answers, kappa {kappa}")
