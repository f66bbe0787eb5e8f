"""Families of commands, each built and run by one module; `rag.cli` puts them together."""
