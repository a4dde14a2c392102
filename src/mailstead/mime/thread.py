"""What ties messages into threads: ids in References and In-Reply-To, and the base subject."""

import re
from typing import Final

from mailstead.model import limits

_MESSAGE_ID: Final = re.compile(rb"<([^<>\s]{1,995})>")
_LEADER: Final = re.compile(r"^(?:\[[^\[\]]*\]\s*)*(?:re|fwd?)\s*(?:\[[^\[\]]*\]\s*)?:\s*", re.IGNORECASE)
_BLOB: Final = re.compile(r"^\[[^\[\]]*\]\s*")
_FORWARD: Final = re.compile(r"^\[fwd:\s*(.*)\]$", re.IGNORECASE | re.DOTALL)


def message_ids(value: bytes) -> list[bytes]:
    """Every ``<id>`` of an unfolded value, without the angle brackets."""
    return _MESSAGE_ID.findall(value)


def references(references_value: bytes, in_reply_to_value: bytes) -> tuple[bytes, ...]:
    """Ids of References, then of In-Reply-To, each once; of too many the first and the newest stay."""
    found = list(dict.fromkeys(message_ids(references_value) + message_ids(in_reply_to_value)))
    if len(found) > limits.MIME_REFERENCES:
        found = [found[0], *found[-(limits.MIME_REFERENCES - 1) :]]
    return tuple(found)


def base_subject(subject: str) -> tuple[str, bool]:
    """The base subject, casefolded, and whether anything says that this is a reply or forward. RFC 5256 §2.1."""
    text = " ".join(subject[:2_000].split())
    is_reply = False
    while True:
        before = text
        while text[-5:].lower() == "(fwd)":
            is_reply = True
            text = text[:-5].rstrip()
        leader = _LEADER.match(text)
        if leader:
            is_reply = True
            text = text[leader.end() :]
        else:
            blob = _BLOB.match(text)
            if blob and text[blob.end() :].strip():
                text = text[blob.end() :]
        wrapped = _FORWARD.match(text)
        if wrapped:
            is_reply = True
            text = wrapped[1].strip()
        if text == before:
            return text.casefold(), is_reply
