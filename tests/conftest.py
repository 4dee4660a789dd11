"""Settings for the whole suite."""

from __future__ import annotations

import os

from hypothesis import settings

# On CI the examples are the same every time, so that a red run is about the change. At home each run looks at others,
# and `make fuzz` at as many as there is time for.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("home", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "home")
