"""The cabinet that the demo and the tour show, and the people around it. Real processes on loopback, one private folder."""

import os
import secrets
import signal
import sys
import tempfile
import threading

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "tests", "system"))
import site_rig  # noqa: E402
import upstream  # noqa: E402  site_rig knows the way to it

# Two boards: 16 small and middle doors over Modbus TCP, 8 large ones on a serial line of 9600 baud. The spring of bank A is
# slow, so that there is time to die between a pulse and its door.
BANKS = {
    "A": {"line": "tcp", "doors": 16, "unit": 1, "sizes": "S:1-12 M:13-16", "board": ",open_ms=250"},
    "B": {"line": "rtu", "doors": 8, "unit": 2, "sizes": "L:1-6 XL:7-8"},
}
RTU = "baud=9600,strict"
COURIER, COURIER_PIN, COURIER_BADGE = "1001", "2468", "BADGE-COURIER-1001"
CLERK, CLERK_PIN = "2001", "1357"

# What the cabinet itself can tell, without the daemon; requests and replies are too many to keep.
HAPPENINGS = ["pulse-start", "pulse-end", "door-opened", "door-closed", "item-put", "item-taken", "fault-set",
              "fault-cleared", "power-off", "power-on", "line"]


def new_code(taken=()):
    """Eight digits that no other item has."""
    while True:
        code = f"{secrets.randbelow(10 ** 8):08d}"
        if code not in taken:
            return code


def new_token():
    """The secret in a QR code: 144 bits."""
    return secrets.token_urlsafe(18)


class Witness:
    """Stands before the cabinet and writes down what happens, whatever the daemon says. on_each runs on its thread."""

    def __init__(self, sim, on_each=None):
        self.seen, self.on_each = [], on_each
        self.control = sim.another_control()
        self.control.ask("subscribe", events=HAPPENINGS)
        self.over = False
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self):
        while not self.over:
            try:
                one = self.control.events.pop(0) if self.control.events else self.control.line(0.2)
            except (OSError, EOFError, ValueError):
                return
            if one and "event" in one:
                self.seen.append(one)
                if self.on_each:
                    self.on_each(one)

    def stop(self):
        self.over = True
        self.thread.join(5)


class Folder:
    """One folder for everything, the simulator's included. Goes away at the end unless it is kept."""

    def __init__(self, prefix):
        self.before = tempfile.tempdir
        self.path = tempfile.mkdtemp(prefix=prefix)
        tempfile.tempdir = self.path

    def close(self, keep=False):
        import shutil
        tempfile.tempdir = self.before
        if not keep:
            shutil.rmtree(self.path, ignore_errors=True)


def until_asked_to_stop():
    """Makes Ctrl-C, SIGTERM and SIGHUP raise KeyboardInterrupt in the main thread. Call it before anything is started.

    The children must not get the terminal's Ctrl-C: they are ended in the right order instead. A blocked signal stays
    blocked in them, and a thread of ours takes it.
    """
    import _thread
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})

    def wait():
        while True:
            signal.sigwait({signal.SIGINT})
            _thread.interrupt_main()

    def stop(*_):
        raise KeyboardInterrupt

    for one in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, stop)
    threading.Thread(target=wait, daemon=True).start()
