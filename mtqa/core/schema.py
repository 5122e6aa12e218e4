"""Arrow schemas of everything on disk, and the one list of names of checks, reasons and flags."""

from __future__ import annotations

from enum import StrEnum

import pyarrow as pa

from mtqa.core.languages import ENGLISH as ENGLISH

SCHEMA_VERSION = 1

ANSWER = pa.struct([("text", pa.string()), ("start", pa.int32())])
SEGMENT = pa.struct(
    [
        ("source_start", pa.int32()),
        ("source_end", pa.int32()),
        ("target_start", pa.int32()),
        ("target_end", pa.int32()),
        ("score", pa.float32()),
    ]
)
MT = pa.struct(
    [
        ("model", pa.string()),
        ("question_score", pa.float32()),
        ("passage_score", pa.float32()),
        ("flags", pa.list_(pa.string())),
        ("segments", pa.list_(SEGMENT)),
    ]
)

CORPUS = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("passage_id", pa.string()),
        pa.field("question_id", pa.string(), nullable=False),
        pa.field("dataset", pa.string(), nullable=False),
        pa.field("licence", pa.string(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
        pa.field("lang", pa.string(), nullable=False),
        pa.field("question", pa.string(), nullable=False),
        pa.field("passage", pa.string()),
        pa.field("title", pa.string()),
        pa.field("answers", pa.list_(ANSWER), nullable=False),
        pa.field("mt", MT),
    ]
)
"""One row an item and language. Answer starts are code-point offsets into `passage`; scores are mean log-probabilities
a token; segments say which part of the passage became which (code-point offsets)."""

REASON = pa.struct([("field", pa.string()), ("check", pa.string()), ("score", pa.float32())])
REJECTED = CORPUS.append(pa.field("reasons", pa.list_(REASON), nullable=False))
"""A dropped row and why: field (question, passage, answer, row), check, score."""

SCORES = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("field", pa.string(), nullable=False),
        pa.field("check", pa.string(), nullable=False),
        pa.field("score", pa.float32()),
    ]
)
"""Scores of all rows, kept and dropped; null where the check abstains."""

NEGATIVE = pa.struct([("passage_id", pa.string()), ("lang", pa.string()), ("text", pa.string())])
SHARD = pa.schema(
    [
        pa.field("batch", pa.int32(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("passage_id", pa.string(), nullable=False),
        pa.field("question_id", pa.string(), nullable=False),
        pa.field("dataset", pa.string(), nullable=False),
        pa.field("query", pa.string(), nullable=False),
        pa.field("passage", pa.string(), nullable=False),
        pa.field("query_lang", pa.string(), nullable=False),
        pa.field("passage_lang", pa.string(), nullable=False),
        pa.field("query_2", pa.string()),
        pa.field("passage_2", pa.string()),
        pa.field("lang_2", pa.string()),
        pa.field("negatives", pa.list_(NEGATIVE)),
    ]
)
"""One row group is one batch."""


class Drop(StrEnum):
    """Why collect leaves a source row out."""

    NO_QUESTION = "no_question"
    NO_PASSAGE = "no_passage"
    NO_ANSWER = "no_answer"
    NO_ANSWER_START = "no_answer_start"
    UNANSWERABLE = "unanswerable"
    NOT_RELEVANT = "not_relevant"
    OTHER_LANGUAGE = "other_language"
    ANSWER_NOT_IN_DOCUMENT = "answer_not_in_document"
    NO_PASSAGE_FOUND = "no_passage_found"
    CONTAMINATED = "contaminated"
    DUPLICATE = "duplicate"
    LIMIT = "limit"


class Flag(StrEnum):
    """What translate notes about a row (`mt.flags`)."""

    ANSWER_LOST = "answer_lost"
    CUT_SEGMENT = "cut_segment"
    HIT_LIMIT = "hit_limit"
    LOOP = "loop"
    EMPTY = "empty"
    COPIED = "copied"
    SYMBOLS = "symbols"
    TOO_SHORT = "too_short"
    LOST_NUMBER = "lost_number"
    RESTORED = "restored"
    ANSWER_ALIGNED = "answer_aligned"
    RETRIED = "retried"
    HALVED = "halved"


class Check(StrEnum):
    """Names of the filter's checks: also the reasons of dropped rows."""

    EMPTY = "empty"
    LENGTH_RATIO = "length_ratio"
    LANGUAGE = "language"
    SCRIPT = "script"
    COPY = "copy"
    REPETITION = "repetition"
    NUMBERS = "numbers"
    CUT_OFF = "cut_off"
    ENCODING = "encoding"
    MARKUP = "markup"
    URLS = "urls"
    PLACEHOLDERS = "placeholders"
    MISSING_SENTENCE = "missing_sentence"
    ADDED_SENTENCE = "added_sentence"
    CHATTER = "chatter"
    ANSWERED = "answered"
    FORM = "form"
    SEMANTIC = "semantic"
    ROUND_TRIP = "round_trip"
    MODEL_SCORE = "model_score"
    HIT_LIMIT = "hit_limit"
    DUPLICATE = "duplicate"
    NEAR_DUPLICATE = "near_duplicate"
    CONFLICT = "conflict"
    CONTAMINATION = "contamination"
    GROUP = "group"
