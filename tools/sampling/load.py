"""Load figures of this machine, sampled from /proc while the sample is made, with a score over time."""
import os
import threading
import time

import numpy as np

PERIOD_S = 0.02
SCORE_WINDOW = 50  # samples: one second


def read(path):
    with open(path, encoding="ascii", errors="replace") as f:
        return f.read()


def counters():
    """Ever-growing figures: {metric: value}."""
    found = {}
    for line in read("/proc/stat").splitlines():
        words = line.split()
        if words[0] == "cpu":
            ticks = [int(w) for w in words[1:9]]
            found["cpu_busy_ticks"] = sum(ticks) - ticks[3] - ticks[4]
            found["cpu_iowait_ticks"] = ticks[4]
        elif words[0] == "intr":
            found["interrupts"] = int(words[1])
        elif words[0] == "ctxt":
            found["context_switches"] = int(words[1])
        elif words[0] == "processes":
            found["forks"] = int(words[1])
    for line in read("/proc/vmstat").splitlines():
        name, value = line.split()
        if name in ("pgfault", "pgpgout"):
            found[{"pgfault": "page_faults", "pgpgout": "kilobytes_written"}[name]] = int(value)
    return found


def gauges():
    """Figures of this moment."""
    memory = {line.split(":")[0]: int(line.split()[1]) for line in read("/proc/meminfo").splitlines()}
    loads = read("/proc/loadavg").split()
    return {"memory_available_share": memory["MemAvailable"] / memory["MemTotal"],
            "dirty_kilobytes": memory.get("Dirty", 0),
            "load_1_minute": float(loads[0]), "runnable": int(loads[3].split("/")[0]),
            "own_resident_pages": int(read("/proc/self/statm").split()[1])}


class Sampler(threading.Thread):
    """Samples until finish() is called; counters become rates per second."""

    def __init__(self):
        super().__init__(name="load-sampler", daemon=True)
        self.stop = threading.Event()
        self.times, self.samples = [], []

    def run(self):
        before, then = counters(), time.monotonic()
        while not self.stop.wait(PERIOD_S):
            now, current = time.monotonic(), counters()
            rates = {name + "_per_s": (current[name] - before[name]) / (now - then) for name in current}
            self.times.append(time.time_ns())
            self.samples.append({**rates, **gauges()})
            before, then = current, now

    def finish(self, at_least_s):
        while len(self.samples) * PERIOD_S < at_least_s:
            time.sleep(PERIOD_S)
        self.stop.set()
        self.join()
        return self

    def write(self, table):
        """One row per sample and metric, in time order. score: how usual the value is within the last second,
        1 / (1 + distance from the mean in standard deviations), in (0, 1]."""
        names = sorted(self.samples[0])
        values = np.array([[s[n] for n in names] for s in self.samples])
        count = np.minimum(np.arange(1, len(values) + 1), SCORE_WINDOW)[:, None]

        def window_sum(x):
            total = np.cumsum(x, axis=0)
            total[SCORE_WINDOW:] = total[SCORE_WINDOW:] - total[:-SCORE_WINDOW]
            return total

        mean = window_sum(values) / count
        spread = np.sqrt(np.maximum(window_sum(values ** 2) / count - mean ** 2, 0))
        distance = np.abs(values - mean) / np.where(spread > 0, spread, np.inf)
        table.statement(
            "CREATE TABLE load_scores (metric string(64) NOT NULL, timestamp timestamp NOT NULL, value float64,"
            " score float32, host_cores int16) KIND EVENTS KEY metric TIME timestamp")
        table.values("metric", names * len(values))
        table.numbers("timestamp", np.repeat(np.array(self.times, dtype=np.int64), len(names)))
        table.numbers("value", values.reshape(-1))
        table.numbers("score", (1 / (1 + distance)).reshape(-1).astype(np.float32))
        table.numbers("host_cores", np.full(values.size, os.cpu_count(), dtype=np.int16))
        return table.finish()
