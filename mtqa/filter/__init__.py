"""Filter: scores every row's question, passage and answer, keeps good translations, says why the others left."""
