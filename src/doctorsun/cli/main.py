"""The command ``doctorsun``: its commands, its language, its exit status."""

import errno
import os
import sys
from typing import Annotated

import typer

from doctorsun import __version__
from doctorsun.cli import audit, bench, chat, data, evaluate, plan, run, serve, tasks, weights
from doctorsun.cli.output import give_up_output, outlive_readers
from doctorsun.cli.session import Language, Session, language_of
from doctorsun.cli.words import say, say_error
from doctorsun.errors import DataError, DoctorSunError, Interrupted, MachineError

INTERRUPTED_BY_KEYBOARD = 130
"""The status with which typer leaves after Ctrl-C."""
WRONG_OPTIONS = 2
"""The status with which typer leaves where words or options are wrong."""

_OUTPUT_FULL = MachineError(
    "what this command writes", got="a full disk", expected="room for it", do="free space, or write elsewhere"
)

app = typer.Typer(
    name="doctorsun",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
for command in (run.run, run.check, plan.command, run.doctor, run.train):
    app.command()(command)
app.command(name="eval")(evaluate.evaluate_command)
app.command()(tasks.tasks)
for command in (evaluate.score, evaluate.report_command, chat.chat, serve.serve_command):
    app.command()(command)
for name, group in (("data", data.app), ("weights", weights.app), ("audit", audit.app), ("bench", bench.app)):
    app.add_typer(group, name=name)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 (typer calls it with the option's value)
    if wanted:
        typer.echo(f"doctorsun {__version__}")
        raise typer.Exit


@app.callback()
def doctorsun(
    context: typer.Context,
    language: Annotated[
        Language | None,
        typer.Option(
            "--lang",
            help="Language of messages and reports; the locale's when not given. "
            "Help, progress and the details of an error are in English.",
        ),
    ] = None,
    *,
    version: Annotated[  # noqa: ARG001 (its callback prints it)
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Bilingual biomedical vision-language models: data, training, evaluation, serving. Research use only.

    Exit status: 0 done, 2 wrong input, 3 does not fit this machine, 4 bad data, 5 interrupted and can go on.
    """
    session: Session = context.obj
    if language is not None:
        session.language = language


def main() -> None:
    """Run one command and leave with its exit status."""
    outlive_readers()
    session = Session(language_of(os.environ))
    try:
        app(obj=session)
    except DoctorSunError as error:
        typer.echo(say_error(error, session.language), err=True)
        sys.exit(error.exit_status)
    except OSError as error:
        if error.filename is None and error.errno == errno.ENOSPC:
            give_up_output()
            typer.echo(say_error(_OUTPUT_FULL, session.language), err=True)
            sys.exit(MachineError.exit_status)
        if error.filename is None:
            raise
        typer.echo(say_error(_fault_of_file(error), session.language), err=True)
        sys.exit(DataError.exit_status)
    except SystemExit as leaving:
        if leaving.code == WRONG_OPTIONS and any(word.partition("=")[0] == "--lang" for word in sys.argv[2:]):
            typer.echo(say("lang_goes_first", session.language), err=True)
        if leaving.code != INTERRUPTED_BY_KEYBOARD:
            raise
        typer.echo(f"\n{say('interrupted', session.language)}", err=True)
        sys.exit(Interrupted.exit_status)


def _fault_of_file(error: OSError) -> DataError:
    """Return what the system says of a file that is not there, not ours to use, or gone while it is worked on."""
    do = "check the path and its permissions, and that nothing moves it meanwhile"
    return DataError(f"{error.filename} cannot be used", got=error.strerror or type(error).__name__, do=do)
