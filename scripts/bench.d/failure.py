"""Why a row of the table has no figures."""


class CannotRun(Exception):
    """Something that a row needs is not there or failed; the message says what."""
