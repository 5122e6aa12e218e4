"""Debias: corrections of an encoder's language bias without training, estimated from parallel rows."""
