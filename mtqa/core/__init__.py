"""What every stage reads: formats, languages, files, errors. Imports nothing of mtqa but itself."""
