"""Authenticated Received Chain: who has passed a message on, and what each found out about it when it came (RFC 8617).

Each who passes it on adds a *set* of three fields: what he found (ARC-Authentication-Results), a signature over the message as it leaves
(ARC-Message-Signature), and one over all sets so far (ARC-Seal). ``validate`` reads a chain, ``seal`` adds a set to it. A chain says who had the message in
hand; whom to believe is another question.
"""

from mailstead.mailauth.arc.chain import Chain, validate
from mailstead.mailauth.arc.seal import seal

__all__ = ["Chain", "seal", "validate"]
