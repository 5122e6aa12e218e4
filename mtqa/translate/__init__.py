"""Translate: English rows into rows of other languages, segment by segment, remembered on disk."""
