"""Entry point of the command."""

from stream.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    main(prog_name="ressenti")
