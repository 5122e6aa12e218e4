"""Studies: arms × seeds on the same items for the same steps, and what the differences are worth."""
