"""HTTP: JMAP and what stands around it."""
