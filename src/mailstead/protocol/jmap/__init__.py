"""JMAP as values: requests, references, objects (RFC 8620, RFC 8621). No sockets, no store."""
