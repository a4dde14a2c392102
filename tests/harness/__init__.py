"""What system tests, crash tests and benchmarks share: a real server in a folder of its own."""
