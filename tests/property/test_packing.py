import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from doctorsun.processor.processor import Rendered
from doctorsun.train.pack import Group, PackItem, best_fit, collate, share_prefixes

CAPACITY = 32
PIXELS = {name: np.full((3, 2, 2), index, dtype=np.uint8) for index, name in enumerate("xyz")}


PREFIXES = {"x": 9, "y": 9, "z": 4, "": 0}

Drawn = tuple[str, list[tuple[int, bool]]]
drawn_samples = st.lists(
    st.tuples(
        st.sampled_from(sorted(PREFIXES)),
        st.lists(st.tuples(st.integers(0, 99), st.booleans()), min_size=2, max_size=CAPACITY - 9),
    ),
    min_size=1,
    max_size=12,
)


def item(image: str, branch: list[tuple[int, bool]]) -> PackItem:
    """Return a sample with a prefix of its image's own tokens; the first token of a branch is never counted."""
    prefix = PREFIXES[image]
    ids = [1000 + prefix] * prefix + [token for token, _ in branch]
    supervised = [False] * (prefix + 1) + [counts for _, counts in branch[1:]]
    rendered = Rendered(np.array(ids, dtype=np.int32), np.array(supervised), prefix)
    return PackItem(rendered, (image,) if image else ())


def packed(samples: list[PackItem]) -> list[list[Group]]:
    return best_fit(share_prefixes(samples, CAPACITY), CAPACITY)


@settings(max_examples=40)
@given(drawn=drawn_samples)
def test_every_sample_is_packed_once_and_no_pack_is_too_long(drawn: list[Drawn]) -> None:
    samples = [item(*each) for each in drawn]
    packs = packed(samples)
    found = [id(item) for pack in packs for group in pack for item in group.items]
    assert sorted(found) == sorted(id(item) for item in samples)
    assert all(sum(group.length for group in pack) <= CAPACITY for pack in packs)


@settings(max_examples=40)
@given(drawn=drawn_samples)
def test_a_group_shares_one_prefix_and_the_same_images(drawn: list[Drawn]) -> None:
    for group in (group for pack in packed([item(*each) for each in drawn]) for group in pack):
        assert len({member.images for member in group.items}) == 1
        assert len({member.rendered.ids[: group.prefix_length].tobytes() for member in group.items}) == 1


@settings(max_examples=40)
@given(drawn=drawn_samples)
def test_no_token_and_no_target_is_lost(drawn: list[Drawn]) -> None:
    samples = [item(*each) for each in drawn]
    packs = packed(samples)
    batches = [collate(pack, PIXELS) for pack in packs]
    for pack, batch in zip(packs, batches, strict=True):
        assert len(batch.ids) == len(batch.positions) == sum(group.length for group in pack)
        assert len(batch.pixels) == sum(len(group.items[0].images) for group in pack)
        # Every target follows the position that predicts it, in the sequence and in its own branch.
        assert (batch.ids[batch.supervised + 1] == batch.targets).all()
        assert (batch.positions[batch.supervised + 1] == batch.positions[batch.supervised] + 1).all()
    wanted = sorted(int(token) for each in samples for token in each.rendered.ids[each.rendered.supervised])
    assert sorted(int(token) for batch in batches for token in batch.targets) == wanted
