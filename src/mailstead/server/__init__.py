"""Inbound drivers: pump octets through a machine, put its events to policy, and its answers back."""
