"""One file a workload; each has ``run(system, …)`` and gives rows of figures."""
