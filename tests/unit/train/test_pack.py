import numpy as np

from doctorsun.processor.processor import Rendered
from doctorsun.train.pack import Group, PackItem, best_fit, collate, share_prefixes


def item(prefix: list[int], branch: list[int], *images: str) -> PackItem:
    supervised = np.array([False] * (len(prefix) + 1) + [True] * (len(branch) - 1))
    return PackItem(Rendered(np.array(prefix + branch, dtype=np.int32), supervised, len(prefix)), images)


def test_questions_with_one_prefix_and_one_image_share_them() -> None:
    first, second = item([1, 2], [3, 4], "x"), item([1, 2], [8, 9], "x")
    other_image, other_prefix = item([1, 2], [5, 6, 7], "y"), item([1], [3, 4], "x")
    groups = share_prefixes([first, other_image, second, other_prefix], 64)
    expected = [[first, second], [other_image], [other_prefix]]
    assert [[id(each) for each in group.items] for group in groups] == [[id(each) for each in ids] for ids in expected]
    assert [group.length for group in groups] == [6, 5, 3]


def test_texts_share_nothing() -> None:
    text = item([], [1, 2])
    assert [len(group.items) for group in share_prefixes([text, text], 64)] == [1, 1]


def test_a_group_ends_before_it_is_longer_than_a_pack() -> None:
    samples = [item([1, 2], [index] * 3, "x") for index in range(5)]
    assert [group.length for group in share_prefixes(samples, 8)] == [8, 8, 5]


def test_best_fit_puts_a_group_where_least_room_is_left() -> None:
    groups = [Group((item([], [0] * length),)) for length in (6, 7, 3, 4, 2)]
    packs = best_fit(groups, 10)
    assert [[group.length for group in pack] for pack in packs] == [[7, 3], [6, 4], [2]]


def test_a_batch_holds_each_shared_prefix_and_image_once() -> None:
    pixels = {name: np.full((3, 2, 2), value, dtype=np.uint8) for name, value in (("x", 10), ("y", 20))}
    groups = share_prefixes(
        [item([1, 2], [3, 4], "x"), item([], [5, 6, 7]), item([1, 2], [8, 9], "x"), item([1, 2], [3, 4], "y")], 64
    )
    batch = collate(groups, pixels)
    assert batch.ids.tolist() == [5, 6, 7, 1, 2, 3, 4, 8, 9, 1, 2, 3, 4]
    assert batch.positions.tolist() == [0, 1, 2, 0, 1, 2, 3, 2, 3, 0, 1, 2, 3]
    assert batch.supervised.tolist() == [0, 1, 5, 7, 11]
    assert batch.targets.tolist() == [6, 7, 4, 9, 4]
    assert batch.pixels[:, 0, 0, 0].tolist() == [10, 20]
    assert [document.branch_lengths for document in batch.layout.documents] == [(3,), (2, 2), (2,)]
    assert batch.layout.target_masks is not None
    assert [mask.int().tolist() for mask in batch.layout.target_masks] == [
        [[1, 0, 0], [1, 1, 0]],
        [[1, 1, 1, 0, 0, 0], [1, 1, 0, 0, 1, 0]],
        [[1, 1, 1, 0]],
    ]
