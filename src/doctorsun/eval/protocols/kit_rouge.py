"""ROUGE as the package ``rouge`` 1.0.1 counts it, with sets of n-grams, for the protocol of a kit that reports it."""

from collections.abc import Sequence

_NO_ZERO = 1e-8


def rouge_f(said: str, gold: str) -> dict[str, float] | None:
    """Return F of ROUGE-1, -2 and of the summary-level ROUGE-L; None where a text has nothing between its points."""
    said_lines, gold_lines = _lines(said), _lines(gold)
    if not said_lines or not gold_lines:
        return None
    said_words, gold_words = " ".join(said_lines).split(" "), " ".join(gold_lines).split(" ")
    pairs = {f"rouge{order}": (_ngrams(said_words, order), _ngrams(gold_words, order)) for order in (1, 2)}
    found = {name: _f(len(ours & theirs), len(ours), len(theirs)) for name, (ours, theirs) in pairs.items()}
    common = {
        word for line in gold_lines for other in said_lines for word in _common(line.split(" "), other.split(" "))
    }
    return {**found, "rougel": _f(len(common), len(set(said_words)), len(set(gold_words)))}


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.split(".") if line]


def _ngrams(words: Sequence[str], order: int) -> set[tuple[str, ...]]:
    return {tuple(words[start : start + order]) for start in range(len(words) - order + 1)}


def _f(shared: int, said: int, gold: int) -> float:
    precision, recall = shared / said if said else 0.0, shared / gold if gold else 0.0
    return 2 * precision * recall / (precision + recall + _NO_ZERO)


def _common(gold: Sequence[str], said: Sequence[str]) -> list[str]:
    """Return the longest common subsequence; of several as long, the one that the package's walk back finds."""
    lengths = [[0] * (len(said) + 1) for _ in range(len(gold) + 1)]
    for row, word in enumerate(gold, start=1):
        for column, other in enumerate(said, start=1):
            longest = max(lengths[row - 1][column], lengths[row][column - 1])
            lengths[row][column] = lengths[row - 1][column - 1] + 1 if word == other else longest
    words: list[str] = []
    row, column = len(gold), len(said)
    while row and column:
        if gold[row - 1] == said[column - 1]:
            row, column = row - 1, column - 1
            words.append(gold[row])
        elif lengths[row - 1][column] > lengths[row][column - 1]:
            row -= 1
        else:
            column -= 1
    return words
