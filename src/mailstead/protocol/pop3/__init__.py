"""POP3 as a sans-IO machine: commands with their grammar and states, responses, dot-stuffing (RFC 1939, 2449)."""
