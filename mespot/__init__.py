"""mespot: spotting of micro- and macro-expressions in long face videos."""

__version__ = "0.1.0"
