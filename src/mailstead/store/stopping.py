"""What takes long in a thread lets go when the store is closed: else whoever stops the server waits until an index is filled, a search is answered or a copy is made."""

import threading

from mailstead.model.errors import Unavailable
from mailstead.model.progress import Progress


class Stopping:
    """Asked by the threads, set by the loop."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def begin(self) -> None:
        self._event.set()

    @property
    def has_begun(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        """Raises ``Unavailable`` once the store is being closed."""
        if self._event.is_set():
            raise Unavailable("This server is stopping; try again in a moment", "the store is being closed")

    def told(self, progress: Progress) -> Progress:
        """``progress``, which ends the work that tells of it once the store is being closed."""
        def tell(what: str, done: int, total: int) -> None:
            self.check()
            progress(what, done, total)

        return tell
