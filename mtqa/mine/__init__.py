"""mine: hard negatives for the questions of a corpus, found with any encoder among its passages."""
