"""Evaluate: sentence retrieval across languages (XQuAD-R, MLQA-R), language bias, intervals, signatures."""
