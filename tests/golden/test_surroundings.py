"""What a user reads when Kafka, its topics, Redis or the port are wrong: as docs/errors.md says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.golden.case import Case, Ports
from tests.golden.page import section, sections
from tests.golden.stage import play, staged
from tests.golden.surroundings import SURROUNDINGS
from tests.service.kafka import Kafka

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def ports(kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ports]:
    """Serve what the cases need."""
    with staged(kafka, tmp_path_factory.mktemp("stage")) as ports:
        yield ports


@pytest.mark.parametrize("case", SURROUNDINGS, ids=lambda case: case.title)
async def test_it_says_what_the_page_says(
    case: Case, kafka: Kafka, ports: Ports, tmp_path: Path
) -> None:
    """If the new words are better: python -m tests.golden.renew."""
    kafka.start()  # a failed test may have left it down
    assert section(case, await play(case, kafka, tmp_path, ports)) == sections()[case.title]
