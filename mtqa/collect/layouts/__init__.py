"""One reader for each column layout: a row of a public data set becomes items."""
