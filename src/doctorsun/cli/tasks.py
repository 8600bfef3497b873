"""The command that lists the evaluation tasks."""

import typer

from doctorsun.cli.printing import print_json, print_rows
from doctorsun.cli.session import AsJson, Session


def tasks(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the tasks of eval: what they ask, in which language, how many questions, under which licence."""
    from doctorsun.eval.tasks import task_named, task_names

    pages = [task_named(name) for name in task_names()]
    if as_json:
        print_json({"tasks": [page.model_dump(mode="json") for page in pages]})
        return
    session: Session = context.obj
    rows = (
        {
            "task": page.name,
            "title": page.title,
            "lang": " ".join(page.languages),
            "rows": "" if page.expected_rows is None else page.expected_rows,
            "licence": page.licence,
            "download": page.download,
        }
        for page in pages
    )
    print_rows(rows, session.language)
