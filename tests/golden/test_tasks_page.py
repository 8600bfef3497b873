"""The table of tasks in docs, compared with the pages; ``python tests/golden/test_tasks_page.py`` writes it anew."""

from pathlib import Path

import pytest

from doctorsun.eval.tasks import Task, task_named, task_names

DOCS = Path(__file__).parents[2] / "docs"
BEGIN = "<!-- table: python tests/golden/test_tasks_page.py writes it anew -->\n"
END = "<!-- end of the table -->"
HEADERS = {
    "tasks.md": "| task | set | language | questions | licence | what you need |",
    "tasks.zh-CN.md": "| 任务 | 评测集 | 语言 | 题数 | 许可 | 所需文件 |",
}


def rows_of(task: Task) -> str:
    if task.expected_rows is None:
        return ""
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in task.expected_kinds.items())
    return f"{task.expected_rows:,}" + (f" ({kinds})" if len(task.expected_kinds) > 1 else "")


def table(header: str) -> str:
    lines = [header, "|---|---|---|---|---|---|"]
    for task in (task_named(name) for name in task_names()):
        title = f"[{task.title}]({task.url})" if task.url else task.title
        languages = ", ".join(task.languages)
        needs = task.download.replace("*", "\\*")
        lines.append(f"| `{task.name}` | {title} | {languages} | {rows_of(task)} | {task.licence} | {needs} |")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("page", HEADERS)
def test_the_table_is_that_of_the_pages(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    assert text.partition(BEGIN)[2].partition(END)[0] == table(HEADERS[page])


if __name__ == "__main__":
    for name, header in HEADERS.items():
        before, _, rest = (DOCS / name).read_text(encoding="utf-8").partition(BEGIN)
        written = f"{before}{BEGIN}{table(header)}{END}{rest.partition(END)[2]}"
        (DOCS / name).write_text(written, encoding="utf-8")
