"""Finding events again: an index beside the event files (DECISIONS 15).

``files`` is what lies on disk, ``building`` makes it, ``finding`` asks it.
"""

from mailstead.telemetry.index.building import build, prune
from mailstead.telemetry.index.files import Event
from mailstead.telemetry.index.finding import find

__all__ = ["Event", "build", "find", "prune"]
