"""The peers of `benchmarks.peers`, one module each, run by `worker` in a process of its own.

Each module has a class `Peer` with the same two functions: `index(passages)` writes an index into a folder,
`search(question, k)` opens what lies there, once, and gives the ids of the passages, best first. They import
the standard library and the peer only (`wenju` alone imports `rag`), and set it up as its own documentation
says, which each module cites.
"""
