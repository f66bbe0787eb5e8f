"""A conversation: what a follow-up question means, found without a language model."""
