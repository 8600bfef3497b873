"""The table of a comparison of two models."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from doctorsun.cli.printing import print_json, print_rows
from doctorsun.cli.session import Language

if TYPE_CHECKING:
    from doctorsun.recipes.compare_evaluations import ComparedEvaluations


_CHINESE_NOTES = (
    "差值：同样的问题上，第二个模型减第一个；区间按图像重抽样。",
    "p：精确 McNemar 检验（对与错）与按图像聚类的检验中较大者。",
    "校正 p：对本次比较的全部主要指标做 Holm 校正；低于 0.05 即为不同（different），否则为未能显示（not shown）。",
    "可检出差：这样一组问题以 80% 的功效所能显示的最小差异。",
)


def print_comparison(compared: "ComparedEvaluations", language: Language, *, as_json: bool) -> None:
    """Print everything as JSON, or the headlines as a table with what it takes to read them."""
    from doctorsun.recipes.compare_evaluations import NOTES, table_row
    from doctorsun.report.evaluation.told import told

    if as_json:
        print_json(asdict(compared))
        return
    print_rows((table_row(row) for row in compared.rows if row.p_holm is not None), language)
    remarks = (told(line, language) for line in compared.remarks)
    for line in (*remarks, *(_CHINESE_NOTES if language == "zh" else NOTES)):
        typer.echo(line)
