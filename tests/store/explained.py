"""A cursor that says how PostgreSQL went about what it was asked."""


class Explained:
    """A cursor that keeps PostgreSQL's plan of every statement it is given."""

    def __init__(self, cursor):
        self.cursor = cursor
        self.plans: list[str] = []

    def execute(self, sql, values=(), **options):
        self.cursor.execute(f"EXPLAIN {sql}", values)
        self.plans.append("\n".join(line for (line,) in self.cursor.fetchall()))
        return self.cursor.execute(sql, values, **options)

    def __getattr__(self, name):
        return getattr(self.cursor, name)
