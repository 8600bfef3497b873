"""The table of threats names tests that are there, and every attack is in it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("page", ["security.md", "security.zh-CN.md"])
def test_the_table_names_what_is_there(page: str) -> None:
    links = set(re.findall(r"\]\(([^)#]+)\)", (ROOT / "docs" / page).read_text(encoding="utf-8")))
    assert not [link for link in links if not (ROOT / "docs" / link).exists()]
    named = {Path(link).name for link in links}
    attacks = {path.name for path in Path(__file__).parent.glob("test_*.py")} - {Path(__file__).name}
    assert attacks <= named
