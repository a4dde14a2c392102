"""The queue: when a recipient is tried, tried again, given up, and what the author hears of it (RFC 5321 §4.5.4)."""

from mailstead.service.queue.scheduler import Scheduler

__all__ = ["Scheduler"]
