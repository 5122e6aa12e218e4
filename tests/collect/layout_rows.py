"""A few invented rows in exactly the layout of each source, with the items that they must give.

Where each layout was looked up stands in the source's card (`layout_source`).
"""

from __future__ import annotations

from typing import Any

from mtqa.collect.items import Answer, RawItem
from mtqa.core.schema import Drop

SQUAD_ROW = {
    "id": "5733be28",
    "title": "Old_town",
    "context": "The old bridge has nine arches.",
    "question": "How many arches?",
    "answers": {"text": ["nine"], "answer_start": [19]},
}
SQUAD_ITEM = RawItem(
    "5733be28", "How many arches?", "The old bridge has nine arches.", "Old_town", (Answer("nine", 19),)
)
PAGE = "The lighthouse of Kall was built in 1871. It is forty metres high."
NQ_WORDS = ["Tolna", "was", "founded", "in", "1907", "by", "two", "brothers", ".", "``", "Old", "''", "it", "is", "."]


def nq_tokens() -> list[dict[str, Any]]:
    """Tokens as the page has them: blanks between words, none before full stops and inside quotation marks."""
    page = '<P>Tolna was founded in 1907 by two brothers. "Old" it is.</P>'
    tokens: list[dict[str, Any]] = [{"token": "<P>", "is_html": True, "start_byte": 0, "end_byte": 3}]
    at = 3
    for word in NQ_WORDS:
        shown = {"``": '"', "''": '"'}.get(word, word)
        at = page.index(shown, at)
        tokens.append({"token": word, "is_html": False, "start_byte": at, "end_byte": at + len(shown)})
        at += len(shown)
    return [*tokens, {"token": "</P>", "is_html": True, "start_byte": at, "end_byte": at + 4}]


def lists(records: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """The record of lists that `datasets` makes of a list of records."""
    return {key: [record[key] for record in records] for key in records[0]}


def nq_row(annotations: list[dict[str, Any]]) -> dict[str, Any]:
    document = {"title": "Tolna", "url": "https://example.org", "html": "…", "tokens": lists(nq_tokens())}
    candidate = {"start_token": 0, "end_token": 17, "start_byte": 0, "end_byte": 62, "top_level": True}
    return {
        "id": "7978",
        "document": document,
        "question": {"text": "when was tolna founded", "tokens": ["when", "was", "tolna", "founded"]},
        "long_answer_candidates": lists([candidate]),
        "annotations": lists(annotations),
    }


def nq_annotation(start: int, short: list[tuple[int, int, str]], said: int = -1) -> dict[str, Any]:
    answers = [{"start_token": a, "end_token": b, "start_byte": 0, "end_byte": 0, "text": t} for a, b, t in short]
    keys = ("start_token", "end_token", "start_byte", "end_byte", "text")
    return {
        "id": "1",
        "long_answer": {
            "start_token": start,
            "end_token": 17 if start >= 0 else -1,
            "start_byte": 0,
            "end_byte": 0,
            "candidate_index": 0 if start >= 0 else -1,
        },
        "short_answers": lists(answers) if answers else {key: [] for key in keys},
        "yes_no_answer": said,
    }


NQ_PASSAGE = 'Tolna was founded in 1907 by two brothers. "Old" it is.'
TRIVIA_ANSWER = {
    "aliases": ["Kall lighthouse", "Lighthouse of Kall"],
    "normalized_aliases": ["kall lighthouse", "lighthouse of kall"],
    "matched_wiki_entity_name": "",
    "normalized_matched_wiki_entity_name": "",
    "normalized_value": "kall lighthouse",
    "type": "WikipediaEntity",
    "value": "Kall lighthouse",
}
TRIVIA_NAMES = (Answer("Kall lighthouse"), Answer("Lighthouse of Kall"))
NO_PAGES: dict[str, list[Any]] = {"doc_source": [], "filename": [], "title": [], "wiki_context": []}
NO_RESULTS: dict[str, list[Any]] = {
    "description": [],
    "filename": [],
    "rank": [],
    "title": [],
    "url": [],
    "search_context": [],
}


def trivia_row(pages: dict[str, list[Any]]) -> dict[str, Any]:
    return {
        "question": "Which tower is forty metres high?",
        "question_id": "tc_1",
        "question_source": "http://www.example.org/",
        "entity_pages": pages,
        "search_results": NO_RESULTS,
        "answer": TRIVIA_ANSWER,
    }


def hotpot_row(answer: str) -> dict[str, Any]:
    return {
        "id": "5a7a",
        "question": "Which is older?",
        "answer": answer,
        "type": "comparison",
        "level": "hard",
        "supporting_facts": {"title": ["Kall", "Tolna"], "sent_id": [0, 0]},
        "context": {
            "title": ["Other", "Kall", "Tolna"],
            "sentences": [["No."], ["Kall is from 1871.", " It is high."], ["Tolna is from 1907."]],
        },
    }


def tydi_gold(language: str) -> dict[str, Any]:
    return {**SQUAD_ROW, "id": f"{language}-238-1"}


WIKIQA = {"question_id": "Q1", "question": "how high is kall?", "document_title": "Kall lighthouse"}
DUORC = {"plot_id": "/m/1", "plot": PAGE, "title": "The Keeper", "question_id": "b4", "question": "What was built?"}
YAHOO = {"id": "20", "question": "how do I mend a sail?", "answer": "With twine.", "nbestanswers": ["With twine."]}
MEDQUAD = {
    "document_id": "1",
    "document_source": "NIHSeniorHealth",
    "document_url": "https://example.org",
    "category": "Disease",
    "umls_cui": "C0",
    "umls_semantic_types": "T047",
    "umls_semantic_group": "Disorders",
    "synonyms": "",
    "question_id": "0000001-1",
    "question_focus": "Scurvy",
    "question_type": "information",
    "question": "What is (are) Scurvy ?",
}
STORY = {
    "storyId": "./cnn/stories/1",
    "text": "KALL (CNN) -- The lamp is lit again. Keepers cheered.",
    "type": "dev",
    "questions": [
        {
            "q": "What is lit again?",
            "consensus": {"s": 14, "e": 23},
            "isAnswerAbsent": 0.0,
            "isQuestionBad": 0.0,
            "answers": [{"sourcerAnswers": [{"s": 14, "e": 23}]}],
            "validatedAnswers": [{"s": 14, "e": 23, "count": 2}],
        },
        {
            "q": "Who paid?",
            "consensus": {"noAnswer": True},
            "isAnswerAbsent": 1.0,
            "isQuestionBad": 0.0,
            "answers": [{"sourcerAnswers": [{"noAnswer": True}]}],
        },
    ],
}
PASSAGES = [{"docid": "12#3", "title": "Kall", "text": "Kall is forty metres high."}]
NEGATIVES = [{"docid": "9#1", "title": "Sea", "text": "The sea is blue."}]
RANKING = {"query_id": "3", "query": "how high is kall", "negative_passages": NEGATIVES}
AFRIQA = {
    "id": 0,
    "question": "Tsawon hasumiyar Kall nawa ne?",
    "translated_question": "How high is Kall?",
    "question_translated": "How high is Kall?",
    "title": "Kall",
    "context": "Kall is forty metres high.",
    "answer_lang": "arba'in",
    "answer_pivot": {"answer_start": [8], "text": ["forty"]},
}

ROWS: dict[str, tuple[list[dict[str, Any]], list[RawItem]]] = {
    "afriqa": (
        [AFRIQA],
        [RawItem("0", "How high is Kall?", "Kall is forty metres high.", "Kall", (Answer("forty", 8),))],
    ),
    "amharicqa": ([SQUAD_ROW], [SQUAD_ITEM]),
    "covid-qa": (
        [{**SQUAD_ROW, "document_id": 630, "is_impossible": False}],
        [
            RawItem(
                SQUAD_ITEM.id, SQUAD_ITEM.question, SQUAD_ITEM.passage, "Old_town", SQUAD_ITEM.answers, document=True
            )
        ],
    ),
    "duorc": (
        [
            {**DUORC, "answers": ["The lighthouse"], "no_answer": False},
            {**DUORC, "question_id": "b5", "answers": [], "no_answer": True},
        ],
        [
            RawItem("b4", "What was built?", PAGE, "The Keeper", (Answer("The lighthouse"),), document=True),
            RawItem("b5", "What was built?", PAGE, "The Keeper", (), None, Drop.UNANSWERABLE, document=True),
        ],
    ),
    "entityquestions": (
        [{"question": "Where was Ann Reed born?", "answers": ["Kall", "Old Kall"]}],
        [RawItem("", "Where was Ann Reed born?", None, None, (Answer("Kall"), Answer("Old Kall")))],
    ),
    "hotpotqa": (
        [hotpot_row("1871"), hotpot_row("yes")],
        [
            RawItem("5a7a", "Which is older?", "Kall is from 1871. It is high.", "Kall", (Answer("1871"),)),
            RawItem(
                "5a7a",
                "Which is older?",
                "Kall is from 1871. It is high.\nTolna is from 1907.",
                "Kall, Tolna",
                (Answer("yes"),),
            ),
        ],
    ),
    "medquad": (
        [{**MEDQUAD, "answer": "A lack of vitamin C."}, {**MEDQUAD, "answer": None}],
        [
            RawItem("0000001-1", "What is (are) Scurvy ?", "A lack of vitamin C.", "Scurvy"),
            RawItem("0000001-1", "What is (are) Scurvy ?", "", "Scurvy"),
        ],
    ),
    "mfaq": (
        [
            {
                "id": 1,
                "domain_id": 2,
                "pair_id": 3,
                "language": "en",
                "domain": "example.org",
                "question": "Are you open?",
                "answer": "At noon.",
            }
        ],
        [RawItem("3", "Are you open?", "At noon.")],
    ),
    "miracl": (
        [{**RANKING, "positive_passages": PASSAGES}],
        [RawItem("3 12#3", "how high is kall", "Kall is forty metres high.", "Kall")],
    ),
    "mmarco": (
        [{"query": "how high is kall", "positive": "Forty metres.", "negative": "Blue."}],
        [RawItem("", "how high is kall", "Forty metres.")],
    ),
    "mr-tydi": (
        [{**RANKING, "positive_passages": PASSAGES}, {**RANKING, "query_id": "4", "positive_passages": []}],
        [
            RawItem("3 12#3", "how high is kall", "Kall is forty metres high.", "Kall"),
            RawItem("4", "how high is kall", "", drop=Drop.NO_PASSAGE),
        ],
    ),
    "natural-questions": (
        [
            nq_row([nq_annotation(-1, []), nq_annotation(0, [(5, 6, "1907")])]),
            nq_row([nq_annotation(0, [], 1)]),
            nq_row([nq_annotation(-1, [])]),
        ],
        [
            RawItem("7978", "when was tolna founded", NQ_PASSAGE, "Tolna", (Answer("1907", 21),)),
            RawItem("7978", "when was tolna founded", NQ_PASSAGE, "Tolna", (Answer("yes"),)),
            RawItem("7978", "when was tolna founded", "", "Tolna", drop=Drop.UNANSWERABLE),
        ],
    ),
    "newsqa": (
        [STORY],
        [
            RawItem(
                "./cnn/stories/1 0",
                "What is lit again?",
                STORY["text"],
                None,
                (Answer("The lamp", 14),),
                "validation",
                document=True,
            ),
            RawItem(
                "./cnn/stories/1 1",
                "Who paid?",
                STORY["text"],
                None,
                (),
                "validation",
                Drop.UNANSWERABLE,
                document=True,
            ),
        ],
    ),
    "nq-open": (
        [{"question": "who lit the lamp", "answer": ["Ann Reed"]}],
        [RawItem("", "who lit the lamp", None, None, (Answer("Ann Reed"),))],
    ),
    "policyqa": ([SQUAD_ROW], [SQUAD_ITEM]),
    "pubmedqa": (
        [
            {
                "pubid": 21645374,
                "question": "Does it help?",
                "context": {
                    "contexts": ["One.", "Two."],
                    "labels": ["BACKGROUND", "RESULTS"],
                    "meshes": ["Leaves"],
                    "reasoning_required_pred": ["y"],
                    "reasoning_free_pred": ["y"],
                },
                "long_answer": "It does.",
                "final_decision": "yes",
            }
        ],
        [RawItem("21645374", "Does it help?", "One.\nTwo.", None, (Answer("It does."),))],
    ),
    "sample": ([SQUAD_ROW], [SQUAD_ITEM]),
    "squad": ([SQUAD_ROW], [SQUAD_ITEM]),
    "squadshifts-amazon": ([SQUAD_ROW], [SQUAD_ITEM]),
    "squadshifts-new_wiki": ([SQUAD_ROW], [SQUAD_ITEM]),
    "squadshifts-nyt": ([SQUAD_ROW], [SQUAD_ITEM]),
    "squadshifts-reddit": ([SQUAD_ROW], [SQUAD_ITEM]),
    "triviaqa": (
        [
            trivia_row(
                {
                    "doc_source": ["TagMe", "TagMe"],
                    "filename": ["a.txt", "b.txt"],
                    "title": ["Sea", "Kall"],
                    "wiki_context": ["Blue.", PAGE],
                }
            ),
            trivia_row(NO_PAGES),
        ],
        [
            RawItem("tc_1", "Which tower is forty metres high?", PAGE, "Kall", TRIVIA_NAMES, document=True),
            RawItem("tc_1", "Which tower is forty metres high?", None, None, TRIVIA_NAMES, document=True),
        ],
    ),
    "tydiqa": (
        [tydi_gold("english"), tydi_gold("finnish")],
        [
            RawItem("english-238-1", SQUAD_ITEM.question, SQUAD_ITEM.passage, "Old_town", SQUAD_ITEM.answers),
            RawItem(
                "finnish-238-1",
                SQUAD_ITEM.question,
                SQUAD_ITEM.passage,
                "Old_town",
                SQUAD_ITEM.answers,
                drop=Drop.OTHER_LANGUAGE,
            ),
        ],
    ),
    "web-questions": (
        [{"url": "http://www.freebase.com/view/en/kall", "question": "who built kall?", "answers": ["Ann Reed"]}],
        [RawItem("http://www.freebase.com/view/en/kall", "who built kall?", None, None, (Answer("Ann Reed"),))],
    ),
    "wikiqa": (
        [{**WIKIQA, "answer": "Kall is high.", "label": 1}, {**WIKIQA, "answer": "Kall is red.", "label": 0}],
        [
            RawItem("Q1 Kall lighthouse", "how high is kall?", "Kall is high.", "Kall lighthouse"),
            RawItem(
                "Q1 Kall lighthouse",
                "how high is kall?",
                "Kall is red.",
                "Kall lighthouse",
                drop=Drop.NOT_RELEVANT,
            ),
        ],
    ),
    "yahoo-qa": (
        [{**YAHOO, "main_category": "Sports"}],
        [RawItem("20", "how do I mend a sail?", "With twine.")],
    ),
}
