"""A library on a Milvus server: any number of processes feed it, any number answer from it.

Two collections hold everything. NAME has a row for each passage: vector, sparse vector of its words, token
states, text and source; its partition key is the language. NAME_records has all else: what the library is
founded on (model, codec, reference), a row for each document and file, the documents' texts.
"""
