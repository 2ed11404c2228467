"""``swayline serve`` in a process of its own, as a user starts it: for tests and benchmarks of the service."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

LONGEST_S = 20
"""A service that has not ended after so long hangs."""


class Served:
    """A service on a free port of this machine.

    Parameters
    ----------
    run : folder of a run
    data : where the service keeps its log and state
    more : further words of the command line

    Attributes
    ----------
    address : str
    ready_s : seconds until it said so
    """

    def __init__(self, run: Path | str, data: Path | str, *more: str) -> None:
        words = ["serve", str(run), "--data", str(data), "--port", "0", "--log", "warning", *more]
        begun = time.perf_counter()
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "swayline.cli", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.popen.stdout is not None
        assert self.popen.stderr is not None
        line = self.popen.stdout.readline()
        self.ready_s = time.perf_counter() - begun
        found = re.search(r"https?://[\d.]+:(\d+)", line)
        assert found, line + self.popen.stderr.read()
        self.address, self.port = found[0], int(found[1])

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait; the exit status."""
        self.popen.send_signal(number)
        code = self.popen.wait(LONGEST_S)
        for stream in (self.popen.stdout, self.popen.stderr):
            if stream is not None:
                stream.close()
        return code

    def memory_mb(self) -> float:
        """Memory that it holds now, MiB."""
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.popen.pid}/status").read_text())
        assert found
        return int(found[1]) / 1024

    def cpu_s(self) -> float:
        """Processor seconds so far: what a busy machine does not change."""
        fields = Path(f"/proc/{self.popen.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
