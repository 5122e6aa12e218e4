"""Training: batches of pairs in, a sentence-transformers model out."""
