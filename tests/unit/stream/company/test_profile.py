"""What a company can be."""

from typing import Any

import pytest

from stream.company import Company, CompanyError, Outage, Shares


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"rate": 0}, "rate"),
        ({"rate": float("nan")}, "rate"),
        ({"rate": 1e7}, "rate"),
        ({"customers": 3}, "customers"),
        ({"sources": ()}, "sources"),
        ({"sources": ("survey.answers",)}, "sources"),
    ],
)
def test_a_company_that_cannot_be_is_refused(wrong: dict[str, Any], words: str) -> None:
    """The message names the field."""
    with pytest.raises(CompanyError, match=f"^{words}: expected"):
        Company(**wrong)


@pytest.mark.parametrize("shares", [(-0.1, 0, 0), (0, 1.1, 0), (0.4, 0.4, 0.4)])
def test_shares_are_parts_of_a_whole(shares: tuple[float, float, float]) -> None:
    """None is negative, and together they are at most all events."""
    with pytest.raises(CompanyError, match="at most 1 together"):
        Shares(*shares)


def test_an_outage_is_in_a_region_that_there_is() -> None:
    """Others are named in the message."""
    with pytest.raises(CompanyError, match="'atlantis': expected one of fr, us, uk, jp"):
        Outage("atlantis", 0, 1)
