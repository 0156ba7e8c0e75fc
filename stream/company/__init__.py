"""A small company, made up: the events of its customers, for trying things out and for load.

Four regions with their own rhythm and mood, three products, and everything that customers do there:
they use, buy, subscribe, need help and are asked how it was. No clock and no input: the same
`Company` tells the same `lines`, to the byte, on every machine and Python.
"""

from stream.company.chronicle import lines
from stream.company.error import CompanyError
from stream.company.line import Line
from stream.company.outage import Outage
from stream.company.people import PRODUCTS, REGIONS
from stream.company.plot import SOURCES
from stream.company.profile import Company, Shares

__all__ = [
    "PRODUCTS",
    "REGIONS",
    "SOURCES",
    "Company",
    "CompanyError",
    "Line",
    "Outage",
    "Shares",
    "lines",
]
