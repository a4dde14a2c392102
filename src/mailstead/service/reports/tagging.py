"""Putting tags on what leaves: see ``tags``.

Where the author has given no envelope id the tag is one, and with it each recipient's original address is named, so that a notice brings both back
(RFC 3461 §4.2, §4.4; as the agent that submits the message we speak for its author). With ``in_path`` the reverse-path bears a tag
as well, for the many servers that know no envelope ids.
"""

from collections.abc import Callable
from dataclasses import replace

from mailstead.model.address import Envelope, ForwardPath, ReversePath
from mailstead.service.ports import Clock
from mailstead.service.reports.tags import Tags, tagged
from mailstead.store.interface import QueueJob


def tagging(tags: Tags, *, in_path: bool, now_ms: Clock) -> Callable[[QueueJob, Envelope], Envelope]:
    """For the scheduler. Mail that no account has written (forwards, reports, notices) is left alone."""

    def tag(job: QueueJob, envelope: Envelope) -> Envelope:
        reverse_path = envelope.reverse_path.address
        if reverse_path is None or not job.message.tenant_id or job.message.options.get("forward") or job.route.startswith("@"):
            return envelope
        if envelope.envid and not in_path:
            return envelope
        text = tags.make(job.message.submission_id, job.message.account_id, job.domain, now_ms() // 1000)
        path = ReversePath(tagged(reverse_path, text)) if in_path else envelope.reverse_path
        if envelope.envid:
            return replace(envelope, reverse_path=path)
        return replace(envelope, reverse_path=path, envid=text, forward_paths=tuple(map(_named, envelope.forward_paths)))

    return tag


def _named(to: ForwardPath) -> ForwardPath:
    address = str(to.address)
    return to if to.orcpt or not address.isascii() else ForwardPath(to.address, to.notify, f"rfc822;{address}")
