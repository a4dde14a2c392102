"""vCard (RFC 6350) in and out: lines (``lines``), and cards of contacts as JSContact (``reading``, ``writing``; RFC 9555)."""
