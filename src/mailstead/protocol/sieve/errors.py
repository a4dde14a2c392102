"""What is wrong with a script, and where."""


class ScriptError(Exception):
    """``line`` and ``column`` count from 1, in characters."""

    def __init__(self, line: int, column: int, why: str) -> None:
        super().__init__(f"line {line}, column {column}: {why}")
        self.line = line
        self.column = column
        self.why = why
