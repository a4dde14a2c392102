"""SEARCH and ESEARCH responses (RFC 9051 §7.3.4, RFC 3501 §7.2.5, RFC 4731 §3.1, RFC 7162 §3.1.5)."""

from collections.abc import Sequence

from mailstead.model.uids import UidSet


def search(numbers: Sequence[int], modseq: int = 0) -> bytes:
    """``* SEARCH 2 84 882 (MODSEQ 917162500)``."""
    tail = f" (MODSEQ {modseq})" if modseq and numbers else ""
    return ("* SEARCH" + "".join(f" {number}" for number in numbers) + tail + "\r\n").encode("ascii")


def esearch(tag: str, numbers: Sequence[int], results: frozenset[str], *, uid: bool, modseq: int = 0) -> bytes:
    """``* ESEARCH (TAG "a") UID MIN 1 ALL 1:3``. ``numbers`` ascend. MIN, MAX and ALL are left out when nothing is found."""
    words = [f'* ESEARCH (TAG "{tag}")']
    if uid:
        words.append("UID")
    if numbers:
        if "MIN" in results:
            words.append(f"MIN {numbers[0]}")
        if "MAX" in results:
            words.append(f"MAX {numbers[-1]}")
        if "ALL" in results:
            words.append(f"ALL {UidSet.of(numbers)}")
    if "COUNT" in results:
        words.append(f"COUNT {len(numbers)}")
    if modseq and numbers:
        words.append(f"MODSEQ {modseq}")
    return (" ".join(words) + "\r\n").encode("ascii")
