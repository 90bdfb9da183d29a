#!/usr/bin/python3
"""Law 10 and the service manager's watchdog: it is fed while adapters are unplugged, boards are dead and the broker is away.
A daemon that the service manager kills because one line is gone would take the doors of all others with it."""

import argparse
import os
import socket
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
import site_rig  # noqa: E402

WATCH_S = 16  # longer than a line may be silent, and than the longest pause between two probes of a dead board
LONGEST_PAUSE_S = 10  # half of WatchdogSec in packaging/systemd: feeding once more is still in time


class Manager:
    """What systemd sees: the datagrams of sd_notify(3)."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(0.2)

    def longest_pause(self, seconds):
        """The longest time without WATCHDOG=1 during so many seconds."""
        begin = last = time.monotonic()
        longest = 0.0
        while time.monotonic() < begin + seconds:
            try:
                fed = b"WATCHDOG=1" in self.socket.recv(4096)
            except TimeoutError:
                fed = False
            now = time.monotonic()
            longest = max(longest, now - last)
            last = now if fed else last
        return longest


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    args = parser.parse_args()
    spare = socket.create_server(("127.0.0.1", 0))  # a line without a bank: nobody ever asks anything on it
    more = f"[fieldbus spare]\ntransport = tcp\nhost = 127.0.0.1\nport = {spare.getsockname()[1]}\n"
    with spare, site_rig.Site(args.build, start=False, more=more) as site:
        manager = Manager(site.folder)
        site.start({"NOTIFY_SOCKET": manager.path})
        site.sim.ask("line", line="RTU", action="unplug")
        site.sim.ask("line", line="TCP1", action="refuse")
        site.broker.stop()
        pause = manager.longest_pause(WATCH_S)
        assert pause < LONGEST_PAUSE_S, f"lines unplugged, broker away: the watchdog is fed, but {pause:.1f} s passed"
        site.sim.ask("line", line="RTU", action="plug")
        site.sim.ask("line", line="TCP1", action="accept")
        site.broker.start()
        site_rig.until(lambda: all(b["state"] == "ready" for b in site.admin("status")["banks"]), 25, "both banks")
        site.sim.ask("fault", board="A", fault="dead")
        site.sim.ask("fault", board="B", fault="dead")
        pause = max(pause, manager.longest_pause(WATCH_S))
        assert pause < LONGEST_PAUSE_S, f"every board dead: the watchdog is fed, but {pause:.1f} s passed"
        assert site.daemon.stop() == 0, "a clean stop"
    print(f"the watchdog is fed whatever is gone; longest pause {pause:.1f} s: law 10 kept")


if __name__ == "__main__":
    main()
