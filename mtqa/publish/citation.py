"""How to cite what is published: its sources, the method, and mtqa."""

from __future__ import annotations

from collections.abc import Sequence

from mtqa.publish.facts import Source
from mtqa.publish.markdown import escape, fence

METHOD = """@misc{elmahdy2024synergistic,
  title = {Synergistic Approach for Simultaneous Optimization of Monolingual, Cross-lingual, and Multilingual
           Information Retrieval},
  author = {Elmahdy, Adel and Lin, Sheng-Chieh and Ahmad, Amin},
  year = {2024},
  eprint = {2408.10536},
  archivePrefix = {arXiv}
}"""


def citation(sources: Sequence[Source]) -> str:
    """Return the section: BibTeX of the sources that have it, else their names; then the paper and mtqa."""
    from mtqa import __version__

    entries = list(dict.fromkeys(s.citation.strip() for s in sources if s.citation.strip()))
    bibtex = [entry for entry in entries if entry.startswith("@")]
    prose = [escape(entry) for entry in entries if not entry.startswith("@")]
    prose += [f"{escape(s.name)}: no citation is known; please find its authors" for s in sources if not s.citation]
    tool = (
        "@software{mtqa,\n  title = {mtqa: English question answering in, a better multilingual retriever out},"
        f"\n  version = {{{__version__}}}\n}}"
    )
    text = "Please cite the sources first:" if sources else ""
    blocks = [text, "\n".join(f"- {entry}" for entry in prose), fence("\n\n".join([*bibtex, METHOD, tool]), "bibtex")]
    return "\n\n".join(block for block in blocks if block)
