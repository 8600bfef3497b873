import pytest

from doctorsun.bench.levers import measure_levers
from doctorsun.bench.train import shorten
from doctorsun.config import load_recipe
from doctorsun.errors import RecipeError
from doctorsun.recipes import SHIPPED


@pytest.mark.slow  # it trains each variant several times
def test_every_lever_is_timed_beside_all_of_them() -> None:
    first, *others = measure_levers(shorten(load_recipe("micro", search=SHIPPED)))
    assert first["lever"] == "all levers on"
    assert first["times_as_long"] == 1
    tokens = {row["lever"]: row["tokens_of_a_step"] for row in others}
    assert tokens["stock decoder layers"] == first["tokens_of_a_step"]
    assert tokens["each sample alone"] == tokens["prefixes not shared"] > first["tokens_of_a_step"]
    assert all(row["step_s"] > 0 for row in others)


def test_labels_have_no_such_levers() -> None:
    recipe = load_recipe("micro", search=SHIPPED)
    stages = {"vision-pretrain": recipe.stages["vision-pretrain"]}
    with pytest.raises(RecipeError, match="levers of stage vision-pretrain: got objective labels, expected replies"):
        measure_levers(recipe.model_copy(update={"stages": stages}))
