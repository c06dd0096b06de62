"""The errors of this room: one sentence each, never with a password in it."""


class SourceError(ValueError):
    """The company's data cannot be used; the sentence says what came, what was expected and what to do."""


class SourceUnreachable(SourceError):
    """The source does not answer just now (network, missing file, timeout): the last snapshot may serve instead."""


class MappingError(SourceError):
    """The mapping is missing, garbled, or names a table or column that the source does not have."""
