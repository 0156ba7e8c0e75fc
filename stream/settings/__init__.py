"""The settings: one typed record, read once from one TOML file and the environment.

`load` gives `Settings` or raises `ConfigError` with every fault at once. A key stands where its
section is: `stream.settings.kafka` is `[kafka]`. `docs/configuration.md` is made from the same
records by `stream.settings.reference`.
"""

from stream.settings.fault import ConfigError
from stream.settings.load import load
from stream.settings.root import NEEDED, Settings

__all__ = ["NEEDED", "ConfigError", "Settings", "load"]
