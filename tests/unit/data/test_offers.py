"""What the readers say they can give, against what they give."""

import pytest

from doctorsun.config.data import PhantomSource, PhantomTextSource, ShapesSource, StoreSource, VqaRadSource
from doctorsun.data.offers import PHANTOM, PHANTOM_TEXT, SHAPES, VQA_RAD, Offer, offer_of
from doctorsun.data.readers.phantom import phantom_item, phantom_text_item, shapes_item
from doctorsun.errors import RecipeError
from doctorsun.train.labels import LabelTable

MADE = [(PHANTOM, phantom_item, 48), (SHAPES, shapes_item, 48), (PHANTOM_TEXT, phantom_text_item, 4)]


@pytest.mark.parametrize(("offer", "make", "num_items"), MADE)
def test_a_generated_source_gives_what_is_offered_and_nothing_else(offer: Offer, make, num_items: int) -> None:
    samples = [sample for number in range(num_items) for sample in make(7, "train", number)]
    assert {sample.task.partition(":")[0] for sample in samples} == set(offer.tasks or ())
    assert {sample.language for sample in samples} == set(offer.languages or ())
    if offer.has_labels:
        assert LabelTable.of(sample.facts for sample in samples).labels
    else:
        with pytest.raises(RecipeError, match="finds nothing to learn"):
            LabelTable.of(sample.facts for sample in samples)


@pytest.mark.parametrize(
    ("section", "offer"),
    [
        (PhantomSource(reader="phantom", num_images={"train": 1}), PHANTOM),
        (ShapesSource(reader="shapes", num_images={"train": 1}), SHAPES),
        (PhantomTextSource(reader="phantom_text", num_documents={"train": 1}), PHANTOM_TEXT),
        (VqaRadSource(reader="vqa_rad"), VQA_RAD),
        (StoreSource(reader="store", splits={"train": "a"}), Offer()),
    ],
)
def test_each_reader_has_an_offer(section, offer: Offer) -> None:
    assert offer_of(section) == offer
