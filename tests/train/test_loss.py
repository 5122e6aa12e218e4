import math

import numpy as np
import pytest
import torch

from mtqa.train.loss import false_negatives, info_nce


def unit(*degrees: float) -> torch.Tensor:
    angles = torch.tensor(degrees, dtype=torch.float64).deg2rad()
    return torch.stack([angles.cos(), angles.sin()], dim=1)


def test_hand_worked_loss():
    # Query at 0°, passages at 60° and 90°: cosines 1/2 and 0; query at 90°: cosines √3/2 and 1.
    losses = info_nce(unit(0, 90), unit(60, 90), 0.5, torch.zeros(2, 2, dtype=torch.bool))
    assert losses[0].item() == pytest.approx(math.log(1 + math.exp(-1)))
    assert losses[1].item() == pytest.approx(math.log(1 + math.exp(math.sqrt(3) - 2)))


def test_a_masked_passage_leaves_the_sum():
    mask = torch.tensor([[False, True, False], [False, False, False]])
    losses = info_nce(unit(0, 0), unit(60, 0, 90), 1.0, mask)
    assert losses[0].item() == pytest.approx(math.log(math.exp(0.5) + 1) - 0.5)
    assert losses[1].item() == pytest.approx(math.log(math.exp(0.5) + math.e + 1) - 1)


def test_masked_passages_get_no_gradient_from_the_query():
    passages = unit(10, 50).requires_grad_()
    losses = info_nce(unit(0, 40), passages, 0.05, torch.tensor([[False, True], [True, False]]))
    losses.sum().backward()
    assert losses.tolist() == [0, 0]
    assert torch.equal(passages.grad, torch.zeros_like(passages))


def loop_loss(queries, passages, temperature, mask):
    """The definition, one number after the other."""
    losses = []
    for i in range(len(queries)):
        total = 0.0
        for j in range(len(passages)):
            if not mask[i][j]:
                total += math.exp(sum(a * b for a, b in zip(queries[i], passages[j], strict=True)) / temperature)
        own = sum(a * b for a, b in zip(queries[i], passages[i], strict=True)) / temperature
        losses.append(math.log(total) - own)
    return losses


def test_agrees_with_the_definition_written_as_a_loop():
    generator = torch.Generator().manual_seed(0)
    vectors = torch.nn.functional.normalize(torch.randn(17, 5, dtype=torch.float64, generator=generator), dim=1)
    mask = torch.rand(6, 11, generator=generator) < 0.3
    mask.fill_diagonal_(False)
    ours = info_nce(vectors[:6], vectors[6:], 0.05, mask)
    assert ours.tolist() == pytest.approx(loop_loss(vectors[:6].tolist(), vectors[6:].tolist(), 0.05, mask.tolist()))


@pytest.mark.parametrize(
    ("items", "passages", "questions", "negatives", "expected"),
    [
        ("abc", "pqr", "xyz", [], ["...", "...", "..."]),
        ("aba", "pqr", "xyz", [], ["..#", "...", "#.."]),
        ("abc", "pqp", "xyz", [], ["..#", "...", "#.."]),
        ("abc", "pqr", "xyy", [], ["...", "..#", ".#."]),
        # Rows 0 and 1 ask the same; row 2 has row 1's passage, which therefore answers row 0 as well.
        ("abc", "pqq", "xxz", [], [".##", "#.#", ".#."]),
        # A negative that is a row's passage; one that is nobody's; one without an id.
        ("ab", "pq", "xy", ["p", "s", None], ["..#..", "....."]),
        # A negative that is the passage of another row with the same question.
        ("ab", "pq", "xx", ["q"], [".##", "#.#"]),
    ],
)
def test_false_negatives(items, passages, questions, negatives, expected):
    mask = false_negatives(list(items), list(passages), list(questions), negatives)
    assert ["".join(".#"[int(v)] for v in row) for row in mask] == expected


def test_false_negatives_agree_with_a_plain_loop():
    random = np.random.Generator(np.random.PCG64(3))
    items, passages, questions, negatives = (
        [f"{k}{v}" for v in random.integers(12, size=size)] for k, size in (("i", 20), ("p", 20), ("q", 20), ("p", 9))
    )
    mask = false_negatives(items, passages, questions, negatives)
    for i in range(20):
        answers = {
            passages[j]
            for j in range(20)
            if items[i] == items[j] or passages[i] == passages[j] or questions[i] == questions[j]
        }
        for column, passage in enumerate(passages + negatives):
            assert mask[i, column] == (column != i and passage in answers)
    assert mask.any() and not mask.all()
