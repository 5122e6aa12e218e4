"""Which attention heads align words: measured on each model when it is first used, not assumed.

A translation of sentences full of names and numbers holds many words exactly as the source has them. Where such a word
stands once on both sides, its place is known, so the heads can be scored without any data: the share of those words'
tokens whose strongest attention lies on the same word. CTranslate2 can give the mean of the first heads of one layer;
so the best layer's best heads are put first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from mtqa.translate.spans import word_tokens
from mtqa.translate.tokens import Tokens

FEWEST_ANCHORS = 24
SENTENCES = (
    "In 1867 Marie Curie was born in Warsaw, and in 1891 she moved to Paris.",
    "Berlin has 3,677,472 people, Hamburg 1,853,935 and Munich 1,487,708.",
    "John Smith and Peter Miller met Anna Rossi in Rome on 14 May 1998.",
    "The bridge is 1,280 metres long, 27 metres wide and was opened in 1937.",
    "Thomas Edison died in 1931 and Nikola Tesla in 1943.",
    "From 1914 to 1918 the town of Ypres was destroyed three times.",
    "Microsoft paid 26.2 billion dollars for LinkedIn in 2016.",
    "About 450 students from Boston and 320 from Chicago came to Madrid.",
    "The train leaves London at 10.45 and arrives in Manchester at 12.53.",
    "Barack Obama was president from 2009 to 2017, Donald Trump from 2017 to 2021.",
    "In Tokyo the temperature rose to 38 degrees, in Osaka to 36.",
    "Flight 447 from Rio to Paris carried 216 passengers and 12 crew.",
    "David Bowie sold more than 100 million records between 1967 and 2016.",
    "The Amazon is 6,400 kilometres long, the Danube 2,850.",
    "Room 214 costs 85 dollars, room 318 costs 120.",
    "Albert Einstein left Berlin in 1932 and lived in Princeton until 1955.",
    "Windows 95 was released on 24 August 1995 and Windows 98 in June 1998.",
    "Angela Merkel met Emmanuel Macron in Berlin and Pedro Sanchez in Madrid.",
    "In the 2014 final Germany beat Argentina with a goal in minute 113.",
    "The Airbus A380 carries 853 people, the Boeing 747 carries 660.",
    "Apollo 11 landed on the Moon on 20 July 1969 with Neil Armstrong.",
    "Only 37 of 112 members voted, 21 for Martin and 16 for Susan.",
    "Vincent van Gogh painted 860 pictures between 1881 and 1890.",
    "The population of Lagos grew from 288,000 in 1950 to 15,388,000 in 2022.",
)


@dataclass(frozen=True)
class Heads:
    """The layer and its heads that align best, the share of anchors they hit, and the number of anchors."""

    layer: int
    heads: tuple[int, ...]
    accuracy: float
    anchors: int


def measure(model: Any, tokens: Tokens) -> Heads:
    """Return the heads of a torch model that find the most anchors; the last layer's all where there are too few.

    `model` must have been loaded with eager attention. Greedy outputs are aligned; within the best head's layer, the
    next best heads join while that finds more.
    """
    sources, targets = _translate(model, tokens)
    maps = [attentions(model, tokens, s, t) for s, t in zip(sources, targets, strict=True)]
    anchors = [_anchors(s[len(tokens.source_prefix) : -1], t) for s, t in zip(sources, targets, strict=True)]
    shape = maps[0].shape[:2]
    total = sum(len(target) for pairs in anchors for _, target in pairs)
    if total < FEWEST_ANCHORS:
        return Heads(shape[0] - 1, tuple(range(shape[1])), 0.0, total)
    lead = len(tokens.source_prefix)
    hits = sum((_hits(m[..., lead:-1], p) for m, p in zip(maps, anchors, strict=True)), np.zeros(shape))
    layer, first = np.unravel_index(int(hits.argmax()), shape)
    order = [int(first), *(int(h) for h in np.argsort(-hits[layer], kind="stable") if h != first)]
    best, most = order[:1], float(hits[layer, first])
    for head in order[1:]:
        tried = [*best, head]
        found = sum(
            float(_hits(m[layer : layer + 1, tried].mean(1, keepdims=True)[..., lead:-1], p)[0, 0])
            for m, p in zip(maps, anchors, strict=True)
        )
        if found <= most:
            break
        best, most = tried, found
    return Heads(int(layer), tuple(best), most / total, total)


@torch.inference_mode()
def attentions(model: Any, tokens: Tokens, source: list[str], target: list[str]) -> np.ndarray:
    """Return every cross attention of a forced pass: [layers, heads, target tokens, source tokens]."""
    prefix = list(tokens.target_prefix)
    inputs = torch.tensor([tokens.ids(source)], device=model.device)
    start = [model.config.decoder_start_token_id]
    given = torch.tensor([[*start, *tokens.ids([*prefix, *target])]], device=model.device)[:, :-1]
    made = model(input_ids=inputs, decoder_input_ids=given, output_attentions=True, use_cache=False)
    stacked = torch.stack([layer[0].float() for layer in made.cross_attentions])
    return stacked[:, :, len(prefix) :].cpu().numpy()


def put_first(attention: Any, heads: tuple[int, ...], count: int) -> None:
    """Reorder a cross attention's heads (the module of Marian, M2M-100 or T5) so that `heads` come first.

    The sum over heads does not depend on their order, so the model computes what it did.
    """
    names = ("q", "k", "v", "o") if hasattr(attention, "q") else ("q_proj", "k_proj", "v_proj", "out_proj")
    *inner, outer = (getattr(attention, name) for name in names)
    order = torch.tensor([*heads, *(h for h in range(count) if h not in heads)])
    width = outer.weight.shape[1] // count
    rows = (order[:, None] * width + torch.arange(width)).flatten()
    for linear in inner:
        linear.weight.data = linear.weight.data[rows]
        if linear.bias is not None:
            linear.bias.data = linear.bias.data[rows]
    outer.weight.data = outer.weight.data[:, rows]


def cross_attention(model: Any, layer: int) -> Any:
    """Return the cross-attention module of a decoder layer."""
    decoder = model.get_decoder()
    if hasattr(decoder, "block"):
        return decoder.block[layer].layer[1].EncDecAttention
    return decoder.layers[layer].encoder_attn


@torch.inference_mode()
def _translate(model: Any, tokens: Tokens) -> tuple[list[list[str]], list[list[str]]]:
    """Return the sentences' tokens and their greedy translations' (no marks in these)."""
    sources = tokens.encode(SENTENCES)
    prefix = tokens.ids(tokens.target_prefix)
    ids = [torch.tensor(tokens.ids(source)) for source in sources]
    pad = tokens.tokenizer.pad_token_id
    inputs = torch.nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_value=pad).to(model.device)
    made = model.generate(
        input_ids=inputs,
        attention_mask=(inputs != pad).long(),
        num_beams=1,
        do_sample=False,
        max_new_tokens=inputs.shape[1] + 20,
        max_length=None,
        forced_bos_token_id=prefix[0] if prefix else None,
    )[:, 1 + len(prefix) :].tolist()
    names, end = tokens.names(), tokens.tokenizer.eos_token_id
    cut = [row[: row.index(end)] if end in row else row for row in made]
    targets = [[names[i] for i in row if i in names] or [tokens.tokenizer.eos_token] for row in cut]
    return sources, targets


def _anchors(source: list[str], target: list[str]) -> list[tuple[range, range]]:
    """Return the token ranges of words with a digit or capital that stand once on both sides."""
    ours, theirs = word_tokens(source), word_tokens(target)
    return [(place, theirs[word]) for word, place in ours.items() if word in theirs and re.search(r"\d|[A-Z]", word)]


def _hits(maps: np.ndarray, anchors: list[tuple[range, range]]) -> np.ndarray:
    """Return how many anchor tokens each head finds: [layers, heads]."""
    strongest = maps.argmax(-1)  # [layers, heads, target]
    found = np.zeros(maps.shape[:2])
    for source, target in anchors:
        for row in target:
            found += (strongest[:, :, row] >= source.start) & (strongest[:, :, row] < source.stop)
    return found
