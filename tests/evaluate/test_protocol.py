"""The protocol as a whole: against its definitions written out plainly, at chance level, and under permutation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtqa.core.search import gold_ranks
from mtqa.evaluate import bias
from mtqa.evaluate.lareqa import Benchmark, Candidate, Query
from mtqa.evaluate.perquery import METRICS, from_ranks, mean

LANGUAGES = ["arb_Arab", "deu_Latn", "eng_Latn", "zho_Hans"]


def benchmark(gold_of, sizes):
    """Return a benchmark from question → language number → the place of its answer among the language's candidates."""
    languages = LANGUAGES[: len(sizes)]
    bounds = np.concatenate([[0], np.cumsum(sizes)])
    queries, rows = [], []
    for number, lang in enumerate(languages):
        for question, answers in gold_of.items():
            if number in answers:
                queries.append(Query(question, lang, question))
                rows.append([bounds[n] + answers[n] if n in answers else -1 for n in range(len(sizes))])
    candidates = [Candidate(str(i), lang, "", "") for lang, n in zip(languages, sizes, strict=True) for i in range(n)]
    return Benchmark("made", languages, queries, candidates, np.array(rows, np.int64), bounds)


def measured(bench, queries, candidates):
    values = from_ranks(bench, gold_ranks(queries, candidates, bench.gold, bench.bounds, top_k=3))
    return {metric: mean(values.cells(metric)) for metric in METRICS}, values


def plain(bench, scores):
    """Return the headline numbers with nothing but loops and sorting, from their definitions."""
    languages, language_of = len(bench.languages), {lang: n for n, lang in enumerate(bench.languages)}

    def ranking(q, pool):
        return sorted(pool, key=lambda c: (-scores[q][c], c))

    def ap(order, relevant):
        hits = [place for place, c in enumerate(order, start=1) if c in relevant]
        return sum(found / place for found, place in enumerate(hits, start=1)) / len(relevant)

    cells = {metric: {} for metric in METRICS}
    for q, query in enumerate(bench.queries):
        own = language_of[query.lang]
        relevant = {int(c) for c in bench.gold[q] if c >= 0}
        order = ranking(q, range(len(bench.candidates)))
        places = sorted(order.index(c) + 1 for c in relevant)
        cells["Mul"].setdefault(own, []).append(ap(order, relevant))
        cells["max_at_r"].setdefault(own, []).append(places[-1])
        room = np.log2(len(order)) - np.log2(len(relevant))
        score = 100 * (np.log2(len(order)) - np.log2(places[-1])) / room if room else 100.0
        cells["max_at_r_normalised"].setdefault(own, []).append(score)
        if len(relevant) > 1:
            cells["rank_distance"].setdefault(own, []).append(places[-1] - places[0])
        for other in range(languages):
            if bench.gold[q, other] >= 0:
                inside = ranking(q, range(bench.bounds[other], bench.bounds[other + 1]))
                value = ap(inside, {int(bench.gold[q, other])})
                key, cell = ("Mo", own) if other == own else ("Cr", (own, other))
                cells[key].setdefault(cell, []).append(value)
    return {m: float(np.mean([np.mean(v) for v in of.values()])) if of else float("nan") for m, of in cells.items()}


@st.composite
def cases(draw):
    """A benchmark with missing answers, and integer vectors, whose sums are exact and often tie."""
    sizes = draw(st.lists(st.integers(1, 7), min_size=1, max_size=4))
    gold_of = {}
    for question in range(draw(st.integers(1, 5))):
        asked = draw(st.sets(st.integers(0, len(sizes) - 1), min_size=1))
        gold_of[f"q{question}"] = {n: draw(st.integers(0, sizes[n] - 1)) for n in sorted(asked)}
    bench = benchmark(gold_of, sizes)
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    vectors = (generator.integers(-2, 3, (n, 3)).astype(np.float32) for n in (len(bench.queries), sum(sizes)))
    return bench, *vectors


@settings(max_examples=60, deadline=None)
@given(cases())
def test_equal_to_the_definitions_written_out(case):
    bench, queries, candidates = case
    found, _ = measured(bench, queries, candidates)
    assert found == pytest.approx(plain(bench, (queries @ candidates.T).tolist()), abs=1e-12, nan_ok=True)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_order_of_languages_candidates_and_questions_changes_nothing(seed):
    """Without ties; the languages keep their names and so their numbers."""
    generator = np.random.default_rng(seed)
    sizes, dimensions = [6, 4, 5], 8
    answers = {f"q{i}": {n: int(generator.integers(size)) for n, size in enumerate(sizes)} for i in range(7)}
    del answers["q0"][1], answers["q3"][2]
    vectors = [generator.standard_normal((size, dimensions)) for size in sizes]
    asked = {(question, n): generator.standard_normal(dimensions) for question in answers for n in range(len(sizes))}
    languages, places = generator.permutation(len(sizes)), [generator.permutation(size) for size in sizes]

    def result(order_of_languages, orders, questions):
        new = {old: number for number, old in enumerate(order_of_languages)}
        at = [np.argsort(order) for order in orders]
        gold_of = {q: {new[n]: int(at[n][place]) for n, place in answers[q].items()} for q in questions}
        bench = benchmark(gold_of, [sizes[n] for n in order_of_languages])
        number = {lang: n for n, lang in enumerate(bench.languages)}
        rows = np.array([asked[query.id, order_of_languages[number[query.lang]]] for query in bench.queries])
        found, values = measured(bench, rows, np.concatenate([vectors[n][orders[n]] for n in order_of_languages]))
        return found, bias.first_hit_confusion(values.rank, values.langs)[np.ix_(*[np.argsort(order_of_languages)] * 2)]

    plain_order = result([0, 1, 2], [np.arange(size) for size in sizes], list(answers))
    other = result(languages.tolist(), places, list(generator.permutation(list(answers))))
    assert other[0] == pytest.approx(plain_order[0], rel=1e-12)
    np.testing.assert_allclose(other[1], plain_order[1])


@pytest.fixture(scope="module")
def learnt():
    """Four languages, 240 candidates each, every candidate the answer of a question; queries lie near their answers."""
    generator = np.random.default_rng(11)
    size, languages, dimensions = 240, len(LANGUAGES), 24
    meaning = generator.standard_normal((size, dimensions))
    candidates = np.concatenate([meaning + 0.3 * generator.standard_normal(meaning.shape) for _ in range(languages)])
    queries = np.concatenate([meaning + 0.3 * generator.standard_normal(meaning.shape) for _ in range(languages)])
    right = {f"q{i}": dict.fromkeys(range(languages), i) for i in range(size)}
    orders = [generator.permutation(size) for _ in range(languages)]
    shuffled = {f"q{i}": {n: int(orders[n][i]) for n in range(languages)} for i in range(size)}
    return queries, candidates, right, shuffled, [size] * languages


def chance(size, languages):
    """Return the expected numbers of a random ranking of `languages` × `size` candidates with one answer a language.

    Of R relevant among N, average precision is (H + (R − 1)(N − H) / (N − 1)) / N with the harmonic number H of N
    (Bestgen, "Exact expected average precision of the random baseline", 2015). Of R places drawn from N, the last is
    expected at R (N + 1) / (R + 1), and (R − 1) (N + 1) / (R + 1) behind the first.
    """

    def precision(relevant, pool):
        harmonic = sum(1 / k for k in range(1, pool + 1))
        return (harmonic + (relevant - 1) * (pool - harmonic) / (pool - 1)) / pool

    pool = size * languages
    return {
        "Mo": precision(1, size),
        "Cr": precision(1, size),
        "Mul": precision(languages, pool),
        "rank_distance": (languages - 1) * (pool + 1) / (languages + 1),
        "max_at_r": languages * (pool + 1) / (languages + 1),
    }


def errors(values):
    """Return the standard error of each number, questions being independent."""
    cells = {metric: values.cells(metric).mean(axis=1) for metric in METRICS}
    return {metric: of.std() / np.sqrt(len(of)) for metric, of in cells.items()}


def test_shuffled_labels_give_chance_level(learnt):
    queries, candidates, right, shuffled, sizes = learnt
    good, _ = measured(benchmark(right, sizes), queries, candidates)
    found, values = measured(benchmark(shuffled, sizes), queries, candidates)
    error = errors(values)
    for metric, expected in chance(sizes[0], len(sizes)).items():
        assert abs(found[metric] - expected) < 4 * error[metric], metric
        assert abs(good[metric] - expected) > 20 * error[metric], metric
    first = bias.first_hit_confusion(values.rank, values.langs).mean(axis=0)
    assert np.abs(first - 1 / len(sizes)).max() < 4 * np.sqrt(0.25 * 0.75 / sizes[0])


def test_a_language_that_always_comes_first_is_seen_though_labels_are_shuffled(learnt):
    """Within languages nothing but chance, in the pool the worst bias: three languages' answers behind the fourth's."""
    queries, candidates, _, shuffled, sizes = learnt
    raised = np.concatenate([candidates, np.zeros((len(candidates), 1))], axis=1)
    raised[: sizes[0], -1] = 100
    asked = np.concatenate([queries, np.ones((len(queries), 1))], axis=1)
    found, values = measured(benchmark(shuffled, sizes), asked, raised)
    expected = chance(sizes[0], len(sizes))
    for metric in ("Mo", "Cr"):
        assert abs(found[metric] - expected[metric]) < 4 * errors(values)[metric]
    assert (bias.first_hit_confusion(values.rank, values.langs)[:, 0] == 1).all()
    assert found["rank_distance"] > expected["rank_distance"] + 10
