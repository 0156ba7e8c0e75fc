"""What the tests of the settings share."""

from collections.abc import Callable, Mapping

import pytest

from stream.settings import ConfigError
from stream.settings.load import resolve

Find = Callable[..., dict[str, str]]


@pytest.fixture
def find() -> Find:
    """Give the faults of a table and variables, by key; none where all is right."""

    def faults(
        table: Mapping[str, object], environ: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        try:
            resolve(table, environ or {})
        except ConfigError as error:
            return {fault.key: fault.problem for fault in error.faults}
        return {}

    return faults
