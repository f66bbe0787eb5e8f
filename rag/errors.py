"""Every error that this package raises on purpose; each message says what, where and what to do next.

RagError
├── UsageError            the request makes no sense (exit code 2 at the command)
├── QuestionError         a question that cannot be asked: empty, blank, too long
├── ReadError             one file could not be turned into documents
│   └── EncodingError     ... because its characters could not be decided
├── ModelError            a model could not be found, built or run
├── GenerationError       an endpoint did not write an answer, or not all of it
├── LibraryError          a library cannot be used
│   ├── LibraryMissing    ... there is none
│   ├── LibraryLocked     ... another process writes to it
│   ├── LibraryMismatch   ... it was made with another model or an older segmenter
│   ├── LibraryDamaged    ... its files are not what was written
│   └── LibraryUnreachable ... the server that keeps it does not answer
├── HistoryError          the conversations of a library cannot be read or written
├── EvaluationError       an evaluation set is not in a form that can be read
└── ServeError            the page cannot be served
"""


class RagError(Exception):
    """A failure with one line for the user: what, where, what next."""


class UsageError(RagError):
    """The request makes no sense."""


class QuestionError(RagError):
    """The question cannot be asked: it is empty, blank or too long."""


class ReadError(RagError):
    """One file could not be turned into documents."""


class EncodingError(ReadError):
    """The character encoding of one file could not be decided."""


class ModelError(RagError):
    """A model could not be found, built or run."""


class GenerationError(RagError):
    """An endpoint did not write an answer, or not all of it."""


class LibraryError(RagError):
    """A library cannot be used."""


class LibraryMissing(LibraryError):
    """There is no library in the folder."""


class LibraryLocked(LibraryError):
    """Another process is writing to the library."""


class LibraryMismatch(LibraryError):
    """The library was made with another model, prompts or segmenter."""


class LibraryDamaged(LibraryError):
    """Files of the library are not what was written."""


class LibraryUnreachable(LibraryError):
    """The server that keeps the library does not answer, or not in time."""


class HistoryError(RagError):
    """The conversations that a library keeps cannot be read or written."""


class EvaluationError(RagError):
    """An evaluation set is not in a form that can be read."""


class ServeError(RagError):
    """The page cannot be served."""
