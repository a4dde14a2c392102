"""What a domain publishes about its mail: what it should (``records``), whether it does (``check``), and the keys behind it (``keys``)."""
