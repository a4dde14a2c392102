"""Search: one grammar (``model.condition``), answered from rows, then from the index, then from the messages themselves."""
