"""Runs every case and writes what it says into docs/errors.md: `python -m tests.golden.renew`."""

import asyncio
import tempfile
from pathlib import Path

from tests.golden.case import Case, Ports, Said
from tests.golden.page import FILE, page, section
from tests.golden.stage import play, staged
from tests.golden.surroundings import CHAPTERS
from tests.service.kafka import Kafka


def main() -> None:
    """Run the cases among services of their own, and write the page."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with Kafka(home) as kafka, staged(kafka, home) as ports:
            chapters = [
                (title, [section(case, _said(case, kafka, ports)) for case in cases])
                for title, cases in CHAPTERS
            ]
    FILE.write_text(page(chapters))


def _said(case: Case, kafka: Kafka, ports: Ports) -> Said:
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(play(case, kafka, Path(folder), ports))


if __name__ == "__main__":
    main()
