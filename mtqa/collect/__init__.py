"""Collect: English QA from files and public data sets into one corpus, cleaned, with every drop counted."""
