"""Answers that a language model writes from the passages found, each sentence checked against its citations."""
