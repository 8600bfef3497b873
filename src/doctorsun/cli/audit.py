"""The commands on the audit log of a server."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from doctorsun.cli.printing import print_json
from doctorsun.cli.session import AsJson, Session
from doctorsun.cli.words import say
from doctorsun.errors import DataError

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def audit() -> None:
    """Check what a server wrote down about its work."""


@app.command()
def verify(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="audit.jsonl of a server's state folder.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Check that no line of an audit log was changed, added or taken away.

    Lines taken from its end leave no gap: note the printed hash elsewhere, and look for it in the file later. Exit
    status 4 at the first line that is not as it was written.
    """
    from doctorsun.serve.audit_chain import check_audit

    check = check_audit(file)
    if as_json:
        print_json({"is_sound": check.is_sound, **asdict(check)})
    if check.bad_line is not None:
        do = "start its server again: it repairs a last line that was cut off, and says so in the log"
        raise DataError(
            f"{file}:{check.bad_line}",
            got=check.reason or "",
            expected="the line as it was written",
            do=do if check.is_torn else "compare it with a copy; what stands before it is sound",
        )
    if not as_json:
        session: Session = context.obj
        first, last = check.first_time or "", check.last_time or ""
        found = {"num_entries": f"{check.num_entries:,}", "first": first, "last": last, "sha256": check.sha256}
        typer.echo(say("audit_sound" if check.num_entries else "audit_empty", session.language, **found))
