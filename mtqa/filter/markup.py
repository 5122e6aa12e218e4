"""Markup left over: tags, entities, tokeniser marks and language tokens that the source has not."""

from __future__ import annotations

import re
from collections import Counter

from mtqa.filter.target import Target
from mtqa.filter.text import characters

TAG_NAMES = (
    "a|abbr|article|b|big|blockquote|body|br|center|cite|code|dd|div|dl|dt|em|font|footer|form|h[1-6]|head|header|hr|"
    "html|i|iframe|img|input|label|li|link|main|mark|meta|nav|ol|option|p|pre|q|ref|s|script|section|select|small|span|"
    "strong|style|sub|sup|svg|table|tbody|td|textarea|tfoot|th|thead|title|tr|tt|u|ul|video|nowiki|math|unk|pad|mask|"
    "bos|eos"
)
SIGNS = frozenset("<>&[]{}*_`⁇▁@|#=\\")
MARKUP = re.compile(
    rf"<\s?/?\s?(?:{TAG_NAMES})(?:\s+[\w:-]+\s?=[^<>]{{0,300}})?\s?/?\s?>|</?[A-Za-z][\w:-]*(?:\s+[\w:-]+\s?=\s?(?:\"[^\"]*\"|'[^']*'|[^\s<>]+))*\s*/?>"
    rf"|<\s?/\s?[A-Za-z]\w*|<\s?(?:{TAG_NAMES})\b(?=\s+[\w-]+\s?=|\s*/?$)|<!--|-->|<!\[CDATA|]]>|<\?\w+|\?>"
    r"|&(?:[A-Za-z]{2,8}|#x[0-9a-fA-F]{1,5});|&\s?(?:nbsp|quot|amp|lt|gt|apos|#\s?\d{1,6})\s?;|&(?:nbsp|quot|amp|lt|gt|apos)\b|&#\d+"
    r"|\[\s?/?\s?(?:b|i|u|s|url|img|quote|code|ref|center|color|size|list)\b[^\]]{0,80}\]"
    r"|\{\{|\}\}|\[\[|\]\]|'''|```|\*\*|__(?=\w)|(?<=\w)__|^\s*#{1,6}\s|\]\(https?:|\{\|\s|\|\}"
    r"|⁇|▁|@[-.,:/]@|@@(?=\s|$)|>>\w{2,8}<<|\b[a-z]{2,3}_(?:Latn|Cyrl|Arab|Deva|Hans|Hant|Grek|Hebr|Thai|Beng|Ethi|[A-Z]{2})\b"
    r"|\\(?:n|r|t|\")(?![a-z])|(?<=[^\W\d_][\w,;:.!?])\\[nrt](?=[a-z])|\[/?(?:UNK|PAD|MASK|CLS|SEP|BOS|EOS|INST|SOURCE|SRC|TARGET|TGT|TRANSLATION)\]|\bclass=|\bhref=|\bstyle="
    r"|<\|\w{1,20}\|>|<</?SYS>>|<2\w{2,8}>|##(?<![#\w]##)(?=[^\W\d_])|\\[A-Za-z]{2,12}\{|\[(?<=[^\s\[]\[)\d{1,3}\]",
    re.M,
)


def leftover_markup(source: str | None, target: str, lang: Target) -> float | None:
    """Return how many pieces of markup stand in a translation beyond those of its source.

    HTML and wiki tags, entities, Markdown and BBCode marks; what tokenisers and templates leave behind (`▁`, `@@`, `⁇`,
    `<unk>`, `[UNK]`, `##`, `<|im_end|>`), `\\n` in place of a line's end, language tokens (`>>deu<<`, `deu_Latn`,
    `de_DE`) and citations (`word[12]`). White space within a piece does not count: engines put it there.
    """
    if SIGNS.isdisjoint(characters(target)) and "'''" not in target:
        return 0.0
    found = _pieces(target)
    if found and source:
        found -= _pieces(source)
    return float(found.total())


def _pieces(text: str) -> Counter[str]:
    return Counter("".join(piece.split()).casefold() for piece in MARKUP.findall(text))
