"""Publish: the exact folder that goes to the Hub, with its card, and the upload."""
