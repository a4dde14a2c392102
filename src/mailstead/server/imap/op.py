"""Ids of operations: each change is made once, however often it is sent (DECISIONS 5)."""

import secrets

from mailstead.model.ids import OpId


def new_op() -> OpId:
    """A new one."""
    return OpId(secrets.token_bytes(16))
