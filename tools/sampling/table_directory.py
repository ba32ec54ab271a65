"""Writes a table directory: one file per column, `<column>.npy` for numbers and vectors, `<column>.jsonl` for the rest."""
import json
import os
import sys
import time

import numpy as np


class Progress:
    """Says on stderr what is being done and how long everything has taken so far."""

    def __init__(self, started):
        self.started = started

    def __call__(self, what, done=None, total=None):
        share = f" {100 * done // total:3d} %" if total else ""
        end = "\r" if total and done < total and sys.stderr.isatty() else "\n"
        if total and done < total and end == "\n":
            return  # a log shows steps, not percentages
        print(f"[{time.monotonic() - self.started:5.1f} s] {what}{share}", end=end, file=sys.stderr, flush=True)


class TableDirectory:
    """Collects the columns of one table; all must have the same number of rows, which finish() checks."""

    def __init__(self, root, table):
        self.table = table
        self.path = os.path.join(root, table)
        self.rows = {}
        os.makedirs(self.path)

    def numbers(self, column, values, valid=None):
        """A numeric column [rows] or a vector column [rows, dimension]; `valid` False means NULL."""
        np.save(os.path.join(self.path, column + ".npy"), np.ascontiguousarray(values))
        self.rows[column] = len(values)
        if valid is not None and not np.all(valid):
            np.save(os.path.join(self.path, column + ".valid.npy"), np.asarray(valid, dtype=bool))

    def scratch(self, column, rows, dimension, dtype):
        """A vector column to be filled in place, for one too large to hold twice."""
        self.rows[column] = rows
        name = os.path.join(self.path, column + ".npy")
        return np.lib.format.open_memmap(name, mode="w+", dtype=dtype, shape=(rows, dimension))

    def validity(self, column, valid):
        np.save(os.path.join(self.path, column + ".valid.npy"), np.asarray(valid, dtype=bool))

    def values(self, column, values):
        """A string or list column: one JSON value a line, None becomes null."""
        with open(os.path.join(self.path, column + ".jsonl"), "w", encoding="utf-8") as f:
            for value in values:
                f.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")
        self.rows[column] = len(values)

    def statement(self, cql):
        """The CREATE TABLE of a table that is not built in; `cortexctl ingest --create` runs it."""
        with open(os.path.join(self.path, "create.cql"), "w", encoding="utf-8") as f:
            f.write(cql + "\n")

    def finish(self):
        counts = set(self.rows.values())
        if len(counts) != 1:
            raise ValueError(f"columns of {self.table} differ in length: {self.rows}")
        size = sum(os.stat(os.path.join(self.path, n)).st_blocks * 512 for n in os.listdir(self.path))
        return {"table": self.table, "rows": counts.pop(), "columns": sorted(self.rows), "bytes": size}
