"""Benchmarks: the same load on Mailstead and on Postfix with Dovecot, in one run.

Both are durable before 250, TLS is off, settings are the defaults and are printed. CPU is what the servers' processes
used, over all of them, from their own accounts in /proc; the load generator is a process of its own and does not count.
"""
