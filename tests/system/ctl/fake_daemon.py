#!/usr/bin/python3
"""A daemon that is none: a Unix socket server that speaks the admin protocol from canned states.

For the tests of lockerctl and of the diag scripts, which must be seen with states that a real cabinet reaches only when it is
broken. The real daemon is tested with the same programs elsewhere.

    with FakeDaemon(states.healthy()) as daemon: run(["lockerctl", "--socket", daemon.path, ...]); daemon.requests

By hand: fake_daemon.py SOCKET [healthy|broken]
"""

import copy
import json
import os
import shutil
import socket
import sys
import tempfile
import threading
import time


def unit(bank, number, state="ready", **counts):
    row = {"bank": bank, "unit": number, "state": state, "requests": 5000, "ok": 5000, "timeouts": 0, "crc": 0, "bad": 0,
           "exceptions": 0, "late": 0, "min_us": 24100, "mean_us": 25200, "max_us": 31000, "longest_gap_ms": 61}
    row.update(counts)
    return row


def door(label, state="closed", use="free", **more):
    row = {"door": label, "bank": label[:-2], "size": "S", "low_reach": False, "state": state, "use": use, "item": "",
           "reason": "", "since_s": 5400}
    row.update(more)
    return row


def event(seq, kind, **data):
    return {"specversion": "1.0", "id": f"hall-1:e:{seq}", "source": "/locker/yulin/hall-1", "type": f"locker.{kind}.v1",
            "time": f"2026-03-01T08:00:{seq % 60:02d}.000Z", "seq": seq, "epoch": "e", "timequality": "synced", "data": data}


DETAILS = {"name": "W**", "case": "C-7", "site": None, "waybill": None, "low_reach": False, "second_factor": True, "extended": 1,
           "holders": ["recipient", "delegate"], "deposited": "2026-02-01T08:00:00.000Z",
           "retain_until": "2026-02-16T08:00:00.000Z", "reminded": True, "told_overdue": False, "rejected": False, "dropoff": False}
CUSTODY_AFTER = {"item_hand_over": "collected", "item_send": "with_courier", "item_return": "returned", "item_extend": "in_locker"}


def healthy():
    doors = [door("A01", use="occupied", item="YL-2026-000123"), door("A02"), door("B01", use="reserved", item="YL-7")]
    return {
        "status": {"version": "0.1.0", "operator": "yulin", "site": "hall-1", "epoch": "e", "seq": 40, "acked": 40, "unacked": 0,
                   "oldest_unacked": None, "uptime_s": 93784, "clock": "synced", "ready": True,
                    "uplink": {"configured": True, "connected": True, "url": "mqtts://broker.example:8883", "last_error": ""},
                   "store": {"ok": True, "degraded": None, "bytes": 1234567},
                   "fieldbuses": [{"name": "rs485-a", "transport": "rtu", "state": "up"}],
                   "banks": [{"name": "A", "state": "ready", "reason": "", "doors": 2, "fieldbus": "rs485-a", "unit": 1},
                             {"name": "B", "state": "ready", "reason": "", "doors": 1, "fieldbus": "rs485-a", "unit": 2}],
                   "doors": {"free": 1, "reserved": 1, "occupied": 1, "blocked": 0, "open": 0, "unknown": 0},
                   "readers": [{"name": "scanner", "device": "/dev/serial/by-id/s", "ok": True, "detail": "there",
                                "reads": 12, "dropped": 1},
                               {"name": "panel", "device": "label:lamps", "ok": False, "detail": "not plugged in",
                                "reads": 0, "dropped": 0}],
                   "inspection": {"last": "2026-02-27T08:00:00.000Z", "undated": False, "every_days": 7, "due": False}, "two_person_s": 1800,
                   "kiosk": {"url": "http://127.0.0.1:8080/", "streams": 1},
                   "limits": {"power": "good", "power_error": "", "disk_low": False, "disk_slow": False, "slowest_ms": 0, "reserve": 16777216},
                   "lockout": {"level": 0, "locked_s": 0, "tries": 2}},
        "doors": {"doors": doors},
        "items": {"items": [{"item": "YL-2026-000123", "custody": "in_locker", "channel": "locker", "size": "S", "door": "A01",
                             "cancelled": False, "overdue": True},
                            {"item": "YL-7", "custody": "expected", "channel": "post", "size": "M", "door": None,
                             "cancelled": False, "overdue": False}], "more": False},
        "recalls": {"items": [{"item": "YL-2026-000123", "custody": "in_locker", "size": "S", "door": "A01", "cancelled": False,
                               "overdue": True, "rejected": False, "dropoff": False, "name": "W**", "waybill": "EMS77",
                               "to": "with_courier", "retain_until": "2026-02-16T08:00:00.000Z"}], "more": False},
        "wear": {"doors": [{"door": d["door"], "bank": d["door"][0], "percent": 12, "warnings": [], "lock_cycles": 48000, "lock_rating": 500000,
                            "relay_cycles": 9600, "relay_rating": 100000, "openings": 47990, "jams": 2, "jams_lately": 0, "baseline_ms": 130,
                            "lately_ms": 140, "recent_ms": [138, 140, 145], "lock_replaced": 0, "relay_replaced": 1} for d in doors],
                 "machine": {"warnings": [], "temperature": 48, "disk_life_percent": 20, "disk_pre_eol": 1, "hours": 24,
                             "disk_daily_bytes": 310000000, "own_daily_bytes": 9000000, "disk_bytes": 1, "own_bytes": 1}},
        "bus": {"fieldbuses": [{"name": "rs485-a", "transport": "rtu", "state": "up", "units": [unit("A", 1), unit("B", 2)]}]},
        "metrics": {"text": "# HELP lockerd_info Which.\n# TYPE lockerd_info gauge\nlockerd_info{version=\"1\"} 1\n"},
        "uplink": {"configured": True, "url": "mqtts://broker.example:8883", "connected": True, "since_s": 7200,
                   "last_error": "", "command_keys": 1, "seq": 40, "acked": 40, "unacked": 0, "sent": 40, "epoch": "e"},
        "store": {"path": "/var/lib/lockerd/lockerd.db", "bytes": 1234567, "wal_bytes": 32768, "disk_free": 9 * 10**9, "schema": 1, "quick_check": "ok",
                  "chain": {"ok": True, "checked": 40, "first_bad_seq": None}, "items": {"in_locker": 1, "expected": 1},
                  "codes_live": 1, "last_backup": {"path": "/backup/a.db", "wall_ms": int(time.time() - 3600) * 1000, "bytes": 4096, "last_seq": 30,
                                  "sha256": "ab" * 32}},
        "selfcheck": {"checks": [{"check": "store", "place": "lockerd.db", "ok": True, "reason": "", "detail": "good"},
                                 {"check": "bank", "place": "A", "ok": True, "reason": "", "detail": "ready"}], "ok": True},
        "events": [event(n, "door.opened", door="A01", intent=n, purpose="pickup", outcome="opened") for n in range(1, 41)],
        "staff_list": {"staff": [{"staff": "c01", "role": "courier", "badge": True}]},
    }


def broken():
    state = healthy()
    status = state["status"]
    status.update(ready=False, clock="unsynced", acked=12, unacked=28, oldest_unacked="2026-02-20T08:00:12.000Z",
                  lockout={"level": 2, "locked_s": 95, "tries": 0})
    status["uplink"].update(connected=False, last_error="TLS: certificate has expired")
    status["store"].update(ok=False, degraded="store_failed")
    status["banks"][1].update(state="lost", reason="board_silent")
    state["doors"]["doors"] = [
        door("A01", "left_open", "occupied", item="YL-2026-000123", since_s=700), door("A02", "jammed", "blocked",
                                                                                      reason="door_jammed"),
        door("A03", "forced", "occupied", item="YL-9"), door("A04", "open", since_s=20),
        door("A05", use="blocked", reason="custody_unknown"), door("B01", "lost", "reserved", item="YL-7")]
    state["bus"]["fieldbuses"][0]["units"] = [
        unit("A", 1, crc=400, ok=4300, bad=120, timeouts=180, longest_gap_ms=2500),
        unit("B", 2, "lost", ok=0, timeouts=5000, mean_us=0, longest_gap_ms=0)]
    state["uplink"].update(connected=False, last_error="TLS: certificate has expired", acked=12, unacked=28, sent=12)
    state["store"].update(quick_check="row 7 missing from index items_code", last_backup=None,
                          chain={"ok": False, "checked": 40, "first_bad_seq": 17}, wal_bytes=900_000_000)
    state["selfcheck"]["checks"][1].update(ok=False, reason="board_silent", detail="no answer for 12 s")
    state["selfcheck"]["ok"] = False
    return state


def rfc3339(at):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + ".000Z"


class FakeDaemon:
    """One thread per connection. answers: what to do instead of answering, by command: "silent", "hang_up", "garbage",
    "array", ("refuse", reason, message) or ("result", value)."""

    def __init__(self, state, answers=None, path=None):
        self.state = copy.deepcopy(state)
        self.answers = answers or {}
        self.requests = []
        self._folder = None if path else tempfile.mkdtemp(prefix="lk-fake-")
        self.path = path or os.path.join(self._folder, "admin.sock")
        self._stop = threading.Event()

    def __enter__(self):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(self.path)
        self._socket.listen(8)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()
        if self._folder:
            shutil.rmtree(self._folder)
        else:
            os.unlink(self.path)

    def _accept(self):
        while not self._stop.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, connection.makefile("rb") as lines:
            for line in lines:
                request = json.loads(line)
                self.requests.append(request)
                try:
                    if not self._answer(connection, request):
                        return
                except (BrokenPipeError, ConnectionResetError):
                    return

    def _send(self, connection, request, **fields):
        connection.sendall((json.dumps({"id": request["id"], **fields}, ensure_ascii=False) + "\n").encode())

    def _answer(self, connection, request):
        command, args = request["cmd"], request.get("args", {})
        how = self.answers.get(command)
        if how == "silent":
            self._stop.wait(10)
            return False
        if how == "hang_up":
            return False
        if how == "garbage":
            connection.sendall(b"\xff not json\n")
        elif how == "array":
            self._send(connection, request, ok=True, result=[1])
        elif how and how[0] == "refuse":
            self._send(connection, request, ok=False, reason=how[1], message=how[2])
        elif how and how[0] == "result":
            self._send(connection, request, ok=True, result=how[1])
        elif command == "events":
            return self._events(connection, request, args)
        elif command == "backup":
            self._backup(connection, request, args)
        else:
            self._send(connection, request, ok=True, result=self._result(command, args))
        return True

    def _events(self, connection, request, args):
        events = [e for e in self.state["events"] if e["seq"] > args.get("after", 0)][:args.get("limit", 1000)]
        for one in events:
            self._send(connection, request, event=one)
        if args.get("follow"):
            self._stop.wait(0.3)
            self._send(connection, request, event=event(41, "door.closed", door="A01"))
            self._stop.wait(10)
            return False
        self._send(connection, request, ok=True, result={"last": events[-1]["seq"] if events else args.get("after", 0)})
        return True

    def _backup(self, connection, request, args):
        for done in (0, 50, 100):
            self._send(connection, request, progress={"done": done, "total": 100})
        self._send(connection, request, ok=True, result={"path": args["path"], "bytes": 4096, "sha256": "ab" * 32,
                                                         "verified": True})

    def _result(self, command, args):
        if command == "open":
            return {"door": args["door"], "outcome": "opened"}
        if command in ("block", "unblock", "confirm"):
            return {key: args[key] for key in ("door", "bank") if key in args}
        if command == "settle":
            return {"item": args["item"], "custody": args["to"]}
        if command == "items" and "item" in args:
            found = [i for i in self.state["items"]["items"] if i["item"] == args["item"]]
            return {"items": [{**DETAILS, **i} for i in found], "more": False}
        if command.startswith("item_"):
            return {"item": args["item"], "custody": CUSTODY_AFTER.get(command, "at_window")}
        if command == "inspected":
            return {"door": args["door"], "reason": "as_expected"}
        if command == "round_done":
            return {}
        if command == "purge":
            return {"dry_run": args["dry_run"], "erase": 3, "records": 2, "synced": True}
        if command == "wear_reset":
            return {"door": args["door"]}
        if command in ("staff_add", "staff_remove"):
            return {"staff": args["staff"]}
        return self.state[command]


if __name__ == "__main__":
    with FakeDaemon({"healthy": healthy, "broken": broken}[sys.argv[2] if len(sys.argv) > 2 else "healthy"](), path=sys.argv[1]):
        while True:
            time.sleep(60)
