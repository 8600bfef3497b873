import torch

from doctorsun.model.attention import Document, PackLayout, packed_attention, target_attention


def test_positions_of_every_branch_go_on_from_the_prefix() -> None:
    assert Document(5, 3, (2, 4)).positions().tolist() == [0, 1, 2, 3, 4, 3, 4, 5, 6]


def test_a_token_sees_its_branch_and_the_prefix_before_it() -> None:
    expected = [
        [1, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [1, 1, 1, 0, 0],
        [1, 1, 0, 1, 0],
        [1, 1, 0, 1, 1],
    ]
    assert Document(0, 2, (1, 2)).mask().int().tolist() == expected


def test_branches_without_a_prefix_do_not_see_each_other() -> None:
    assert Document(0, 0, (1, 1)).mask().tolist() == [[True, False], [False, True]]


def test_a_window_ends_so_many_positions_back_in_each_branch() -> None:
    expected = [
        [1, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [0, 1, 1, 0, 0],
        [0, 1, 0, 1, 0],
        [0, 0, 0, 1, 1],
    ]
    assert Document(0, 2, (1, 2)).near(2).int().tolist() == expected


def test_a_mask_is_made_only_where_plain_causal_attention_is_not_exact() -> None:
    layout = PackLayout.of((Document(0, 3, (2,)), Document(5, 0, (4,)), Document(9, 2, (1, 1))))
    assert [mask is None for mask in layout.masks] == [True, True, False]


def test_attention_equals_a_dense_softmax_under_the_mask() -> None:
    generator = torch.Generator().manual_seed(0)
    query = torch.randn(1, 4, 9, 8, generator=generator)
    key, value = torch.randn(2, 1, 2, 9, 8, generator=generator)
    documents = (Document(0, 2, (1, 2)), Document(5, 0, (4,)))
    found, weights = packed_attention(
        torch.nn.Identity(), query, key, value, None, layout=PackLayout.of(documents), scaling=0.3
    )
    mask = torch.block_diag(documents[0].mask().float(), documents[1].mask().float()).bool()
    scores = 0.3 * query @ key.repeat_interleave(2, 1).transpose(-1, -2)
    dense = scores.masked_fill(~mask, -torch.inf).softmax(-1) @ value.repeat_interleave(2, 1)
    assert weights is None
    torch.testing.assert_close(found, dense.transpose(1, 2), atol=1e-5, rtol=1e-5)


def test_targets_alone_attend_as_they_do_among_all_positions() -> None:
    generator = torch.Generator().manual_seed(0)
    query = torch.randn(1, 4, 14, 8, generator=generator)
    key, value = torch.randn(2, 1, 2, 14, 8, generator=generator)
    documents = (Document(0, 2, (1, 2)), Document(5, 0, (4,)), Document(9, 1, (2, 2)))
    rows = [torch.tensor([2, 4]), torch.tensor([], dtype=torch.int64), torch.tensor([3])]
    layout = PackLayout.of(documents, rows)
    whole, _ = packed_attention(torch.nn.Identity(), query, key, value, None, layout=layout, scaling=0.3)
    places = torch.tensor([2, 4, 12])
    assert layout.target_masks is not None
    found = target_attention(query[:, :, places], key, value, layout.target_masks, scaling=0.3)
    torch.testing.assert_close(found, whole[:, places])


def test_on_a_processor_bfloat16_is_rounded_once_at_the_end() -> None:
    generator = torch.Generator().manual_seed(0)
    query, key, value = torch.randn(3, 1, 2, 9, 8, generator=generator).bfloat16()
    layout = PackLayout.of((Document(0, 2, (1, 2)), Document(5, 0, (4,))))
    with torch.autocast("cpu", torch.bfloat16):
        found, _ = packed_attention(torch.nn.Identity(), query, key, value, None, layout=layout, scaling=0.3)
    wide, _ = packed_attention(
        torch.nn.Identity(), query.float(), key.float(), value.float(), None, layout=layout, scaling=0.3
    )
    assert torch.equal(found, wide.bfloat16())
