"""The pages on weights name every layout, and no option or template that is not there."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from doctorsun.cli.main import app
from doctorsun.processor.chat_families import FAMILIES
from doctorsun.weights.published import LAYOUTS

DOCS = Path(__file__).parents[3] / "docs"
PAGES = ("weights.md", "start-from-released.md")


def read(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def test_every_layout_has_its_row():
    rows = [line for line in read("weights.md").splitlines() if line.startswith("| `")]
    named = [row.partition("`")[2].partition("`")[0] for row in rows]
    assert {layout.name for layout in LAYOUTS} <= set(named)


@pytest.mark.parametrize("page", PAGES)
def test_every_option_is_one_of_the_commands(page: str):
    groups = get_command(app).commands  # type: ignore[attr-defined]
    options = {
        name
        for command in [*groups["weights"].commands.values(), groups["run"]]
        for parameter in command.params
        for name in parameter.opts
    }
    others = {"--is-clip"}  # of xtuner
    assert set(re.findall(r"--[a-z][a-z-]+", read(page))) <= options | others


def test_every_template_is_named():
    text = read("weights.md")
    assert all(f"`{family.name}`" in text for family in FAMILIES)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str):
    for target in re.findall(r"\]\(([^)#]+)\)", read(page)):
        assert (DOCS / target).exists(), target
