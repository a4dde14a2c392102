"""Policy: who may do what, and what happens next. Knows neither sockets nor a protocol's syntax; the store's only client."""
