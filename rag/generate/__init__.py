"""Answers that a model writes from the passages found, each sentence checked against what it cites."""
