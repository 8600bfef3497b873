"""Shares that fulfil stated ratios of domains, languages and sources at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from doctorsun.errors import RecipeError
from doctorsun.train.plan import Pool

COLUMNS = {"domain": "domain", "language": "language"}
"""The fields that tell samples of one source apart, and their columns."""
MAX_ROUNDS = 1000
TOLERANCE = 1e-9
TINY = 1e-300  # shares that no ratio allows fall towards nothing
Ratios = Mapping[str, Mapping[str, float]]
"""By field (domain, language, source): what each of its values shall weigh."""


@dataclass(slots=True)
class _Cell:
    """The samples of one entry that no ratio tells apart."""

    pool: Pool
    share: float
    values: dict[str, str]


def balance(pools: Sequence[Pool], shares: Sequence[float], ratios: Ratios) -> tuple[list[Pool], list[float]]:
    """Split pools so that shares can be given to what the ratios tell apart, and find the shares.

    Of all shares that fulfil the ratios, these are the nearest to the given ones.

    Source: iterative proportional fitting, Deming and Stephan, Annals of Mathematical Statistics 11:427 (1940).

    Args:
        pools: of the entries.
        shares: of the entries; inside an entry every sample counts alike.
        ratios: what is stated; fields without values state nothing.

    Returns:
        Pools and their shares, which add up to 1.

    Raises:
        RecipeError: a value has no ratio or no sample, or the ratios cannot hold together.
    """
    stated = {field: values for field, values in ratios.items() if values}
    cells = _cells(pools, shares, [field for field in stated if field in COLUMNS])
    for field, values in stated.items():
        _require_all_values(field, values, cells)
    cells = [cell for cell in cells if all(stated[field][cell.values[field]] for field in stated)]
    targets = {field: _normalised(values) for field, values in stated.items()}
    _fit(cells, targets)
    return [cell.pool for cell in cells], [cell.share for cell in cells]


def _cells(pools: Sequence[Pool], shares: Sequence[float], fields: Sequence[str]) -> list[_Cell]:
    return [
        _Cell(
            part,
            share * len(part.rows) / len(pool.rows),
            {"source": pool.name, **dict(zip(fields, values, strict=True))},
        )
        for pool, share in zip(pools, shares, strict=True)
        for values, part in pool.parted([COLUMNS[field] for field in fields])
    ]


def _require_all_values(field: str, values: Mapping[str, float], cells: Sequence[_Cell]) -> None:
    found = sorted({cell.values[field] for cell in cells})
    if unstated := [value for value in found if value not in values]:
        raise RecipeError(
            f"ratios of {field}",
            got=f"none for '{unstated[0]}', of which the mixture has samples",
            expected=f"one for each of {', '.join(found)}",
            do="add it; 0 leaves these samples out",
        )
    if absent := [value for value, ratio in values.items() if ratio and value not in found]:
        raise RecipeError(
            f"ratios of {field}",
            got=f"'{absent[0]}', of which the mixture has no sample",
            expected=f"ratios of {', '.join(found)}",
            do="remove it, or add an entry that has some",
        )
    if not any(values.values()):
        raise RecipeError(f"ratios of {field}", got="only zeros", expected="one above 0", do="correct them")


def _normalised(values: Mapping[str, float]) -> dict[str, float]:
    total = sum(values.values())
    return {value: ratio / total for value, ratio in values.items() if ratio}


def _fit(cells: Sequence[_Cell], targets: Mapping[str, Mapping[str, float]]) -> None:
    """Scale the shares field by field until all targets hold."""
    for _ in range(MAX_ROUNDS):
        for field, wanted in targets.items():
            sums = _sums(cells, field)
            for cell in cells:
                cell.share *= wanted[cell.values[field]] / max(sums[cell.values[field]], TINY)
        if all(_error(cells, field, wanted) < TOLERANCE for field, wanted in targets.items()):
            return
    reached = {field: _sums(cells, field) for field in targets}
    raise RecipeError(
        "the ratios cannot hold together",
        got="; ".join(f"{value} {share:.1%}" for sums in reached.values() for value, share in sums.items()),
        expected="; ".join(f"{value} {share:.1%}" for wanted in targets.values() for value, share in wanted.items()),
        do="state fewer ratios, or add entries with the samples that are lacking",
    )


def _sums(cells: Sequence[_Cell], field: str) -> dict[str, float]:
    sums: dict[str, float] = {}
    for cell in cells:
        sums[cell.values[field]] = sums.get(cell.values[field], 0.0) + cell.share
    return sums


def _error(cells: Sequence[_Cell], field: str, wanted: Mapping[str, float]) -> float:
    sums = _sums(cells, field)
    return max(abs(sums.get(value, 0.0) - share) for value, share in wanted.items())
