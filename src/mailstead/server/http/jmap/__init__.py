"""JMAP methods: one file a data type (RFC 8620, RFC 8621)."""
