"""Asking the domain name system: a stub resolver with a cache (DEPENDENCIES "DNS")."""

from mailstead.net.dns.resolver import Resolver, Server, system_servers

__all__ = ["Resolver", "Server", "system_servers"]
