"""JMAP for mail: emails, filters, snippets as JSON values (RFC 8621)."""
