"""Readings: what an answer says and whether it is right, by its words or by the likelihoods of its options."""

from collections.abc import Callable
from dataclasses import dataclass
from string import ascii_uppercase

from doctorsun.eval.choices import choices_of
from doctorsun.eval.protocols import protocol_for
from doctorsun.eval.protocols.letters import chosen_letters
from doctorsun.eval.protocols.polarity import stated_polarity
from doctorsun.schema import Prediction
from doctorsun.text.normalize import exact_form, without_reasoning
from doctorsun.text.polarity import LEXICON_1, bare_polarity


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read of one answer.

    Attributes:
        said: yes or no, the text of the chosen option, or the answer's own text; None where nothing can be read.
        letter: of the chosen option.
        is_right: by the house protocol, or the option that is alone the likeliest.
    """

    said: str | None
    letter: str | None
    is_right: bool


def read_words(row: Prediction) -> Reading:
    """Read the answer's own words."""
    values = protocol_for(row.kind).judge(row).values
    is_right = values["exact" if row.kind == "open" else "accuracy"] == 1
    if row.status == "error":
        return Reading(None, None, is_right)
    if row.kind == "mcq":
        chosen = chosen_letters(row.output, row.options)
        letter = next(iter(chosen)) if len(chosen) == 1 else None
        return Reading(row.options[ascii_uppercase.index(letter)] if letter else None, letter, is_right)
    if asks_yes_or_no(row):
        return Reading(stated_polarity(row.output), None, is_right)
    return Reading(exact_form(without_reasoning(row.output)) or None, None, is_right)


def read_likelihoods(row: Prediction) -> Reading | None:
    """Read which option the model finds likeliest; None where options have no likelihoods."""
    choices = choices_of([row])
    if not choices:
        return None
    logprobs = choices[0].logprobs
    best = [place for place, logprob in enumerate(logprobs) if logprob == max(logprobs)]
    if len(best) > 1:
        return Reading(None, None, is_right=False)
    place, is_right = best[0], best[0] == choices[0].gold
    if row.kind == "mcq":
        return Reading(row.options[place], ascii_uppercase[place], is_right)
    words = [bare_polarity(option, LEXICON_1) for option in row.options] or ["yes", "no"]
    return Reading(words[place], None, is_right)


def asks_yes_or_no(row: Prediction) -> bool:
    """Say whether the right answer is a yes or a no."""
    return row.kind == "closed" and None not in {bare_polarity(gold, LEXICON_1) for gold in row.gold}


READERS: dict[str, Callable[[Prediction], Reading | None]] = {"words": read_words, "likelihoods": read_likelihoods}
"""How answers are read, by name."""
