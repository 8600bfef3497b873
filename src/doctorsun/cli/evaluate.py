"""Commands that measure: eval, score, report."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from doctorsun.cli.comparison_table import print_comparison
from doctorsun.cli.findings import print_findings
from doctorsun.cli.flattened import flattened
from doctorsun.cli.score_table import print_scores
from doctorsun.cli.session import AsJson, Session
from doctorsun.cli.task_folders import TaskFolders, task_folders
from doctorsun.cli.words import say
from doctorsun.report.exports.form import ExportForm


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """The options of ``report`` that write an evaluation in a form of others."""

    export: Annotated[
        ExportForm | None, typer.Option(help="Write an evaluation in a form of others, in place of the report.")
    ] = None
    to: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="File (lm-eval, model-index) or folder (inspect, eval-results) of it."),
    ] = None
    datasets: Annotated[
        list[str] | None,
        typer.Option("--dataset", metavar="TASK=OWNER/NAME", help="The task's data set on the Hugging Face Hub."),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraOptions:
    """The options of ``eval`` for what goes beyond scores."""

    variants: Annotated[
        str, typer.Option(metavar="LIST", help="Ask each question again: some of paraphrase,negation,rotation.")
    ] = ""
    training: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="STORE", help="A store that the weights were trained on, to search for the questions; repeatable."
        ),
    ] = None
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Write calibration.json beside the weights, from option likelihoods.")
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointOptions:
    """The options of ``eval`` for a model behind a server."""

    endpoint: Annotated[
        str | None, typer.Option(metavar="URL", help="Ask an OpenAI-compatible server in place of weights.")
    ] = None
    model: Annotated[str | None, typer.Option(metavar="NAME", help="The model's name on that server.")] = None
    revision: Annotated[str, typer.Option(metavar="TEXT", help="Names its weights exactly.")] = ""
    parallel: Annotated[int, typer.Option(min=1, help="Questions under way at once.")] = 8
    per_minute: Annotated[float | None, typer.Option(min=0.001, help="Most questions sent in a minute.")] = None


def evaluate(
    context: typer.Context,
    weights: Annotated[
        Path | None, typer.Argument(metavar="RUN|WEIGHTS", help="A run, or a folder of weights.")
    ] = None,
    *,
    tasks: TaskFolders,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for predictions and scores.")],
    image: Annotated[
        str, typer.Option(metavar="LIST", help="Show the image, or controls: some of real,blank,noise,shuffled,none.")
    ] = "real",
    extra: ExtraOptions,
    server: EndpointOptions,
    as_json: AsJson = False,
) -> None:
    """Ask the questions of tasks; score the answers."""
    stores = task_folders(tasks)
    _require_one_model(weights, server)
    from rich.console import Console

    from doctorsun.eval.controls import image_controls
    from doctorsun.recipes.consistency import variant_kinds
    from doctorsun.recipes.evaluate_endpoint import RemoteModel, evaluate_endpoint
    from doctorsun.recipes.evaluate_weights import evaluate_weights
    from doctorsun.recipes.evaluation_extras import Extras
    from doctorsun.recipes.progress import RunProgress
    from doctorsun.report.evaluation.told import told
    from doctorsun.report.evaluation.write import write_evaluation_report
    from doctorsun.report.record import read_scores
    from doctorsun.report.scores import headline_scores

    controls = image_controls(image)
    extras = Extras(
        variants=variant_kinds(extra.variants), training=tuple(extra.training or ()), is_calibrated=extra.calibrate
    )
    session: Session = context.obj
    with RunProgress(Console(stderr=True)).shown() as progress:

        def tell(line: str) -> None:
            progress.say(told(line, session.language))

        if weights is not None:
            asked = partial(evaluate_weights, weights)
        else:
            remote = RemoteModel(
                url=server.endpoint or "",
                name=server.model or "",
                revision=server.revision,
                num_parallel=server.parallel,
                max_per_minute=server.per_minute,
            )
            asked = partial(evaluate_endpoint, remote)
        files = asked(stores, out=out, controls=controls, on_progress=progress.evaluation, tell=tell, extras=extras)
    page = write_evaluation_report(out, language=session.language)
    scores = [score for file in files for score in read_scores(file)]
    print_scores(scores if as_json else headline_scores(scores), session.language, as_json=as_json)
    for file in files if not as_json else ():
        print_findings(file.parent, session.language)
    typer.echo(say("evaluation_written", session.language, path=str(page)), err=True)


def score(
    context: typer.Context,
    predictions: Annotated[
        Path, typer.Argument(metavar="PREDICTIONS", help="Answers of any model: .parquet, .jsonl or .csv.")
    ],
    protocols: Annotated[
        list[str] | None,
        typer.Option("--protocol", metavar="NAME", help="Score by this one (docs/protocols.md); may be repeated."),
    ] = None,
    *,
    judge: Annotated[
        str | None, typer.Option(metavar="URL", help="Let a model behind this server judge, in place of rules.")
    ] = None,
    judge_model: Annotated[str | None, typer.Option(metavar="NAME", help="The judge's name on that server.")] = None,
    as_json: AsJson = False,
) -> None:
    """Score answers that are on disk."""
    if (judge is None) != (judge_model is None):
        raise typer.BadParameter("--judge URL and --judge-model NAME belong together")
    session: Session = context.obj
    if judge and judge_model:
        from doctorsun.cli.judgement import print_judgement
        from doctorsun.recipes.evaluate_endpoint import RemoteModel
        from doctorsun.recipes.judge_predictions import judge_predictions
        from doctorsun.report.evaluation.told import told

        remote = RemoteModel(url=judge, name=judge_model)
        judgement = judge_predictions(
            predictions, remote, lambda line: typer.echo(told(line, session.language), err=True)
        )
        print_judgement(judgement, session.language, as_json=as_json)
        return
    from doctorsun.eval.score_file import score_file
    from doctorsun.storage.atomic import sha256_file

    scores = score_file(predictions, protocols or ())
    about = {"file": str(predictions), "sha256": sha256_file(predictions)}
    print_scores(scores, session.language, as_json=as_json, about=about)


def report(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(metavar="RUN|OUT", help="Folder of a run or an evaluation.")],
    other: Annotated[
        Path | None, typer.Argument(metavar="OTHER", help="Another one, or a predictions.parquet, to compare with.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for the comparison; RUN/compared/OTHER if not given.")
    ] = None,
    protocols: Annotated[
        list[str] | None, typer.Option("--protocol", metavar="NAME", help="Judge both by this one; may be repeated.")
    ] = None,
    *,
    exported: ExportOptions,
    as_json: AsJson = False,
) -> None:
    """Write report.json and report.html of a run or an evaluation; or compare two of them."""
    session: Session = context.obj
    if exported.export is not None:
        if as_json:
            raise typer.BadParameter("--json prints a report or a comparison; --export writes files")
        _export(run, exported, session)
        return
    if other is None:
        from doctorsun.report.folder import write_folder_report

        path = write_folder_report(run, language=session.language)
        if as_json:
            typer.echo(path.with_suffix(".json").read_text(encoding="utf-8"))
        typer.echo(say("report_written", session.language, path=str(path)), err=as_json)
        return
    from doctorsun.recipes.compare_evaluations import compare_evaluations, write_comparison

    compared = compare_evaluations(run, other, protocols or ())
    folder = run if run.is_dir() else run.parent
    path = write_comparison(compared, out or folder / "compared" / other.stem)
    print_comparison(compared, session.language, as_json=as_json)
    typer.echo(say("report_written", session.language, path=str(path)), err=True)


def _export(folder: Path, options: ExportOptions, session: Session) -> None:
    from doctorsun.report.exports.write import write_export

    if options.export is None or options.to is None:
        raise typer.BadParameter("--export needs --to, the file or folder to write")
    datasets = _pairs(options.datasets or (), "TASK=OWNER/NAME, such as vqa_rad=flaviagiammarino/vqa-rad")
    for path in write_export(folder, options.export, options.to, datasets):
        typer.echo(say("export_written", session.language, path=str(path)))


def _pairs(texts: Sequence[str], form: str) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    for text, (name, _, value) in zip(texts, pairs, strict=True):
        if not (name and value):
            raise typer.BadParameter(f"'{text}' is not {form}")
    return {name: value for name, _, value in pairs}


def _require_one_model(weights: Path | None, server: EndpointOptions) -> None:
    if (weights is None) == (server.endpoint is None):
        raise typer.BadParameter("name weights, or a server with --endpoint URL --model NAME")
    if (server.endpoint is None) != (server.model is None):
        raise typer.BadParameter("--endpoint URL and --model NAME belong together")


evaluate_command = flattened(evaluate, "extra", "server")
report_command = flattened(report, "exported")
