"""Protocols as machines: octets in, events out; no socket, no clock, no file."""
