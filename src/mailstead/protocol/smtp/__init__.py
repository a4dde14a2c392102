"""SMTP, submission and LMTP as machines without a socket (RFC 5321, RFC 6409, RFC 2033)."""
