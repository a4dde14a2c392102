"""The embedded home's machinery: database connections, files, the writer. Nothing here knows what mail is."""
