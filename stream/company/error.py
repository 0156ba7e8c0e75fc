"""What can be wrong with a company."""


class CompanyError(ValueError):
    """A company that cannot be; the message says what is wrong and what is expected."""
