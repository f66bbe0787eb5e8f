"""What is on disk: the catalog (the truth) and the indexes derived from it."""
