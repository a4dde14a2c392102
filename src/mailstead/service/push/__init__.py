"""Push: which types of an account have moved, and telling those who want to hear of it (RFC 8620 §7)."""
