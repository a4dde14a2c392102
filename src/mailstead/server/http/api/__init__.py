"""What the web UI needs beside JMAP: signing in, sessions, passwords. Plain JSON, problem details for errors."""
