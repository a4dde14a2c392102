"""Message octets on disk: records in append-only segment files, large ones in files of their own."""
