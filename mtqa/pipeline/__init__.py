"""Recipes: the stages chained, with arms that differ in batches or training only."""
