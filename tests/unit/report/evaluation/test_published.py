import yaml

from doctorsun.report.evaluation.published import FILE, published_tables


def test_a_task_has_one_table_per_source_in_the_order_of_the_source() -> None:
    tables = published_tables("vqa_rad")
    assert len(tables) >= 4
    assert len({(table.source, table.protocol) for table in tables}) == len(tables)
    first = tables[0]
    assert [column.title for column in first.columns] == ["VQA-RAD"]
    assert first.rows[0] == ("GPT-5", (67.8,))
    assert dict(first.rows)["Lingshu-32B"] == (76.5,)


def test_columns_of_other_tasks_and_systems_without_a_score_are_left_out() -> None:
    (table,) = [table for table in published_tables("medxpertqa_mm") if "leaderboard" in table.source]
    assert "DeepSeek-R1" not in dict(table.rows)
    assert published_tables("no_such_task") == []


def test_every_block_is_whole() -> None:
    blocks = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    for block in blocks:
        assert set(block) == {"source", "protocol", "columns", "rows"}
        assert all(set(row) <= set(block["columns"]) for row in block["rows"].values())
        assert all(0 <= value <= 100 for row in block["rows"].values() for value in row.values())
