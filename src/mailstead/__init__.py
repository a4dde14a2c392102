"""A mail server: it accepts, keeps and shows mail, and never loses any.

Calls go down, values come back, news is read. See docs/architecture.md.
"""

__version__ = "0.1.0"
