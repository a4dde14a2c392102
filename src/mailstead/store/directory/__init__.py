"""The directory: tenants, domains, addresses, accounts, credentials. Written by its owner, read by every worker."""
