"""Retrieval in collections of passages: BEIR, MIRACL, Mr. TyDi, CIRAL, AfriQA and files of one's own."""
