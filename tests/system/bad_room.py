"""A disk that fills up, is full, is slow, or has a page go bad under the running daemon (docs/degraded.md).

Nearly full: nothing new is taken in, pickups go on. Full: the room that was kept is given up, and pickups still go on. Room again:
everything by itself. The file systems are real (tmpfs); where none may be mounted the test says so and is left out.
"""

import json
import os
import subprocess
import sys
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bad_case  # noqa: E402
import site_rig  # noqa: E402

MB = 1 << 20
CODES = {"Y1": "73519264", "Y2": "28461935", "Y3": "91827364"}


class Room(bad_case.Case):
    """24 MB; 4 are the mark, 6 are kept."""

    def mounted(self, more):
        one = self.site(start=False, more=more, uplink="health_s = 10\n")
        self.state = os.path.join(one.folder, "state")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "lockerd-test", self.state], check=False, stderr=subprocess.DEVNULL)
        if done.returncode != 0:
            self.skipTest("mounting is not allowed here")
        self.addCleanup(lambda: subprocess.run(["umount", "-l", self.state], check=False))
        return one.start()

    def left(self):
        disk = os.statvfs(self.state)
        return disk.f_bavail * disk.f_frsize

    def fill(self, leave):
        """Other people's files, until only so much is left."""
        with open(os.path.join(self.state, "filler"), "ab") as file:
            while self.left() > leave:
                file.write(bytes(min(self.left() - leave, MB)))
                file.flush()

    def limits(self, one):
        return one.admin("status")["limits"]

    def test_nearly_full_full_and_room_again(self):
        one = self.mounted("[disk]\nlow_mb = 4\nreserve_mb = 6\n")
        doors = {item: self.stock(one, item, CODES[item]) for item in ("Y1", "Y2")}
        reserve = os.path.join(self.state, "reserve")
        site_rig.until(lambda: os.path.exists(reserve) and os.path.getsize(reserve) == 6 * MB, 10, "the room to be kept")
        self.assertEqual(self.limits(one)["reserve"], 6 * MB)

        self.fill(3 * MB)  # nearly full
        one.until_event("site.degraded", 10, reason="disk_low")
        answer = one.announce("Y3", CODES["Y3"])
        self.assertEqual((answer["result"], answer["reason"]), ("refused", "disk_low"))
        self.assertEqual(one.pickup(CODES["Y1"]), doors["Y1"])
        one.kiosk.press("done")
        site_rig.until(lambda: ("disk", "disk_low") in [(f["what"], f["reason"]) for f in (one.postal.health or {}).get("faults", [])], 20,
                       "the state of health to say so")

        self.fill(0)  # full, to the last byte
        self.push(one, reserve)
        site_rig.until(lambda: one.admin("status")["store"]["degraded"] is None, 10, "commits to go on")
        self.assertEqual(one.pickup(CODES["Y2"]), doors["Y2"])
        one.kiosk.press("done")
        self.assertEqual(self.limits(one)["reserve"], 0)

        os.unlink(os.path.join(self.state, "filler"))
        one.until_event("site.degraded", 10, reason="recovered", note="disk_low")
        site_rig.until(lambda: os.path.exists(reserve), 10, "room to be kept again")
        self.assertEqual(one.announce("Y3", CODES["Y3"])["result"], "ok")
        self.assertTrue(one.admin("store")["chain"]["ok"])
        self.assertEqual({i: one.item(i)["custody"] for i in CODES}, {"Y1": "collected", "Y2": "collected", "Y3": "expected"})
        self.end(one)

    def push(self, one, reserve):
        """The log may have room for some commits yet: the write-ahead log is laid out, and the database grows only now and then."""
        for n in range(4000):
            if not os.path.exists(reserve):
                return
            try:
                one.admin("staff_add", staff=f"s{n:05d}", role="courier", pin="2468")
            except site_rig.Refused as refused:
                self.assertEqual(refused.reason, "store_failed")
        self.fail("the room was never given up")

    def test_started_on_a_full_disk(self):
        one = self.mounted("[disk]\nlow_mb = 4\nreserve_mb = 6\n")
        door = self.stock(one, "Y1", CODES["Y1"])
        reserve = os.path.join(self.state, "reserve")
        site_rig.until(lambda: os.path.exists(reserve), 10, "the room to be kept")
        self.end(one)
        self.fill(0)
        one.start()
        self.assertFalse(os.path.exists(reserve))
        self.assertEqual(one.pickup(CODES["Y1"]), door)
        self.end(one)


class Slow(bad_case.Case):
    def test_a_slow_disk_is_told_and_pickups_go_on(self):
        one = self.site(start=False, more="[disk]\nslow_ms = 300\n")
        flag = os.path.join(one.folder, "slow")
        one.daemon.env = bad_case.preloaded("slow-disk", SLOW_WHILE=flag, SLOW_MS="400")
        one.start()
        door = self.stock(one, "Y1", CODES["Y1"])
        with open(flag, "w", encoding="ascii"):
            pass
        self.assertEqual(one.pickup(CODES["Y1"]), door)
        one.until_event("site.degraded", 20, reason="disk_slow")
        self.assertTrue(one.admin("status")["limits"]["disk_slow"])
        self.assertGreaterEqual(one.admin("status")["limits"]["slowest_ms"], 400)
        os.unlink(flag)
        self.end(one)


class Page(bad_case.Case):
    def test_a_page_goes_bad_while_it_runs(self):
        """What cannot be read opens nothing; the daemon stays, says so, and does not begin anew in a loop."""
        one = self.site()
        self.stock(one, "Y1", CODES["Y1"])
        one.until_all_acked()
        path = os.path.join(one.folder, "state", "lockerd.db")
        for _ in range(150):  # so that the pages are not all in the cache
            one.admin("items", custody="in_locker")
        with open(path, "r+b") as file:
            file.truncate(os.path.getsize(path))
            for page in range(1, os.path.getsize(path) // 4096):
                file.seek(4096 * page)
                file.write(os.urandom(4096))
        pulses = self.pulses(one)
        answers = [one.kiosk.code("00000000")["reason"] for _ in range(2)]
        checked = json.dumps(one.admin("store"))
        self.assertTrue(one.daemon.alive(), one.daemon.log()[-1500:])
        self.assertEqual(self.pulses(one), pulses)
        self.assertNotIn('"quick_check": "ok"', checked, answers)
        with urllib.request.urlopen(f"http://127.0.0.1:{one.kiosk_port}/", timeout=5) as page:
            self.assertEqual(page.status, 200)
        one.daemon.kill()
        one.daemon.start()
        self.assertEqual(one.daemon.wait_dead(20), 65, "damaged: systemd does not start it again (RestartPreventExitStatus)")


if __name__ == "__main__":
    bad_case.main(sys.modules[__name__])
