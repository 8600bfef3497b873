"""The card of a store as a page: one self-contained HTML file in the look of the run report."""

from collections.abc import Mapping
from itertools import islice

from markupsafe import Markup

from doctorsun.report import plots
from doctorsun.report.card import LANGUAGES, SPLITS, Card
from doctorsun.report.page import page_environment
from doctorsun.report.store_facts import GROUPS, SIDES_PX
from doctorsun.report.strings import Language, translate

NUM_SHARES = 8
NUM_LABELS = 24


def render_card(card: Card, language: Language) -> str:
    """Return the page as HTML; every text that comes from the store is escaped."""
    title = translate("card.labels.curve", language)
    curve = plots.rank_plot([number for _, number in card.facts.labels.most_common()], label=title)
    return (
        page_environment(language)
        .get_template("card.html.jinja")
        .render(
            card=card,
            facts=card.facts,
            splits=SPLITS,
            languages=LANGUAGES,
            groups=GROUPS,
            sides_px=SIDES_PX,
            fields=("language", "modality", "task", "split", "kind", "made_by", "class", "domain"),
            top=top,
            labels=card.facts.labels.most_common(),
            num_labels=NUM_LABELS,
            label_curve=Markup(curve),  # noqa: S704 (the label is escaped there)
        )
    )


def top(counts: Mapping[str, int], num: int = NUM_SHARES) -> tuple[dict[str, int], int, int]:
    """Return the first ``num`` counts, how many others there are and their sum; a single other is not cut off."""
    if len(counts) <= num + 1:
        return dict(counts), 0, 0
    first = dict(islice(counts.items(), num))
    return first, len(counts) - num, sum(counts.values()) - sum(first.values())
