"""Enhanced status codes (RFC 3463): class, subject, detail."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EnhancedStatus:
    """``2.1.5`` and its kin. ``klass`` is 2, 4 or 5 (RFC 3463 §2)."""

    klass: int
    subject: int
    detail: int

    @staticmethod
    def parse(text: str) -> "EnhancedStatus | None":
        """The status that starts ``text``, or None where there is none."""
        head = text.split(" ", 1)[0].split(".")
        if len(head) != 3 or not all(part.isascii() and part.isdigit() and len(part) <= 3 for part in head):  # noqa: PLR2004
            return None
        klass, subject, detail = map(int, head)
        return EnhancedStatus(klass, subject, detail) if klass in {2, 4, 5} else None

    @property
    def is_permanent(self) -> bool:
        """Class 5: trying again will not help."""
        return self.klass == 5  # noqa: PLR2004

    def __str__(self) -> str:
        return f"{self.klass}.{self.subject}.{self.detail}"
