import pytest

from doctorsun.bench.levers import measure_levers
from doctorsun.bench.train import shorten
from doctorsun.config import load_recipe
from doctorsun.errors import RecipeError
from doctorsun.recipes import SHIPPED


@pytest.mark.slow  # it trains each variant several times
def test_every_lever_is_timed_beside_all_of_them() -> None:
    rows = {row["lever"]: row for row in measure_levers(shorten(load_recipe("micro", search=SHIPPED)))}
    tokens = {lever: row["tokens_of_a_step"] for lever, row in rows.items()}
    assert tokens["stock decoder layers"] == tokens["all levers on"]
    assert tokens["each sample alone"] == tokens["prefixes not shared"] > tokens["all levers on"]
    firsts = ("all levers on", "projector alone: all levers on", "loss in 4 pieces")
    assert {rows[lever]["times_as_long"] for lever in firsts} == {1}
    assert all(row["step_s"] > 0 for row in rows.values())
    memory = {lever: row["peak_mib"] for lever, row in rows.items()}
    assert memory["each sample alone"] < memory["all levers on"] < memory["logits of all positions"]
    frozen = memory["projector alone: all levers on"]
    assert frozen < memory["projector alone: a graph through the frozen tower"]
    assert frozen < memory["projector alone: gradients of all weights"]
    assert memory["loss in 4 pieces"] < memory["loss of all logits at once"]


def test_labels_have_no_such_levers() -> None:
    recipe = load_recipe("micro", search=SHIPPED)
    stages = {"vision-pretrain": recipe.stages["vision-pretrain"]}
    with pytest.raises(RecipeError, match="levers of stage vision-pretrain: got objective labels, expected replies"):
        measure_levers(recipe.model_copy(update={"stages": stages}))
