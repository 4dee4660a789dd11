"""The version, in one place: the build backend, ``compiler --version`` and every lock read it here."""

__version__ = "0.1.0"
