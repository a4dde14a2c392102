"""Account data: one module a verb. Writers are operations (values that cross to the shard's owner and are applied in its
transaction), readers are functions of a snapshot."""
