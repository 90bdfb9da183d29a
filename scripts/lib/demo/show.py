"""The demo: a whole site to click. What a person can do to a cabinet, and what the postal system sees of it."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time
import webbrowser

import page
import place
from place import site_rig

PAGE_PORT, KIOSK_PORT = 8090, 8080
TIMING = {"left_open_s": 30, "notice_s": 8, "open_timeout_ms": 3000, "open_again_s": 30, "staff_idle_s": 600}
LOCKOUT = "[lockout]\nfirst_s = 20\n"
ITEMS = [("S", "营业执照", "Business licence"), ("S", "身份证", "ID card"), ("S", "不动产权证书", "Property title"),
         ("M", "护照与资料", "Passport and papers"), ("L", "档案袋", "Case file"), ("XL", "大件材料", "Large parcel")]
EVENTS_SHOWN = 80
LOOK_EVERY_S = 0.4


class Wish(Exception):
    """Something that cannot be done now; the text goes to the page."""


def a_port(wanted, usual):
    """The port that was asked for, else the usual one when it is free, else any."""
    import socket
    if wanted:
        return wanted
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", usual))
            return usual
        except OSError:
            return site_rig.free_port()


class Model:
    """The site as the page shows it. act() runs on the server's threads, one at a time; the state is made by one thread."""

    def __init__(self, build, folder, server, integrator=False):
        self.server, self.folder, self.integrator = server, folder, integrator
        self.acting, self.changed = threading.Lock(), threading.Condition()
        self.version, self.shown = 0, "{}"
        self.items, self.last_scanned, self.over = [], None, False
        self.wake = threading.Event()
        self.site = site_rig.Site(build, banks=place.BANKS, rtu=place.RTU, scanner=True, folder=folder, timing=TIMING,
                                  more=LOCKOUT, start=False, kiosk_port=a_port(0, KIOSK_PORT), upstream_acks=not integrator)
        self.kiosk_url = f"http://127.0.0.1:{self.site.kiosk_port}/"
        self.site.daemon.env = {"LOCKERD_DEMO_FRAME": server.origin}
        self.site.postal.on_event = self._event
        self.sizes = self._sizes()
        self.kiosk, self.view = None, None
        self.looks = self.site.sim.another_control()
        self.witness = place.Witness(self.site.sim, lambda _: self.wake.set())
        self.looker = threading.Thread(target=self._look, daemon=True)

    def open_up(self):
        self.site.start()
        self.site.hire(place.COURIER, place.COURIER_PIN, "courier", place.COURIER_BADGE)
        self.site.hire(place.CLERK, place.CLERK_PIN, "clerk")
        for _ in () if self.integrator else ITEMS:
            self._announce()
        self.looker.start()

    def close(self):
        """A clean end: the daemon first, while its boards still answer."""
        self.over = self.server.over = True
        self.wake.set()
        if self.site.daemon.alive():
            self.site.daemon.stop()
        self.witness.stop()
        return self.site.close()

    # -- what the page sees

    def text(self):
        return self.shown

    def wait(self, version, timeout_s):
        """(version, text) of a state newer than version, or (version, None) after the time-out."""
        with self.changed:
            self.changed.wait_for(lambda: self.version != version or self.over, timeout_s)
            return (self.version, self.shown) if self.version != version else (version, None)

    def _event(self, event):
        self.site.events.append(event)
        if self.integrator and event["type"] == "locker.item.expected.v1":
            self.items.append({"item": event["data"]["item"], "size": "S", "zh": "您预告的件", "en": "what you announced", "code": "", "token": ""})
        self.wake.set()

    def _sizes(self):
        """door -> size, by the configuration."""
        sizes = {}
        for bank, facts in place.BANKS.items():
            for part in facts["sizes"].split():
                size, doors = part.split(":")
                first, _, last = doors.partition("-")
                for door in range(int(first), int(last or first) + 1):
                    sizes[f"{bank}{door:02d}"] = size
        return sizes

    def _look(self):
        while not self.over:
            self.wake.wait(LOOK_EVERY_S)
            self.wake.clear()
            try:
                text = json.dumps(self._state(), ensure_ascii=False)
            except (OSError, EOFError, RuntimeError):
                continue  # things are being ended
            if text != self.shown:
                with self.changed:
                    self.shown, self.version = text, self.version + 1
                    self.changed.notify_all()

    def _screen(self):
        """What the kiosk shows, for the hint beside it; None when the daemon is away."""
        try:
            self.kiosk = self.kiosk or site_rig.Kiosk(self.site.kiosk_port)
            return self.kiosk.view()
        except (OSError, ValueError, AttributeError, site_rig.http.client.HTTPException):
            self.kiosk = None
            return None

    def _door(self, door):
        return {"name": door["name"], "bank": door["board"], "size": self.sizes.get(door["name"]), "open": door["open"],
                "relay": door["relay"], "item": door["item"], "faults": door["faults"], "shut_input": door["input"] == 1,
                "openings": door["openings"]}

    def _state(self):
        status = self.looks.ask("status")
        doors = [self._door(d) for d in status["doors"] if d["name"] in self.sizes]
        inside = {d["item"]: d["name"] for d in doors if d["item"]}
        books = {e["data"]["item"]: e["data"]["to"] for e in list(self.site.events) if "to" in e["data"]}
        view = self._screen()
        presence = self.site.postal.presence or {}
        return {
            "kiosk": self.kiosk_url, "courier": {"staff": place.COURIER, "pin": place.COURIER_PIN},
            "doors": doors, "boards": [{"name": b["name"], "power": b["power"], "line": b["line"]} for b in status["boards"]],
            "adapter": next(one["plugged"] for one in status["lines"] if one["medium"] == "rtu"),
            "broker": self.site.broker.process is not None, "daemon": self.site.daemon.alive(),
            "presence": presence.get("state"), "screen": view and {k: view[k] for k in ("screen", "door", "role")},
            "locked": bool(view and view["locked_ms"]),
            "items": [{**i, "inside": inside.get(i["item"]), "custody": books.get(i["item"])} for i in self.items],
            "last_scanned": self.last_scanned,
            "events": [self._row(e) for e in list(self.site.events)[-EVENTS_SHOWN:]],
        }

    @staticmethod
    def _row(event):
        return {"seq": event["seq"], "time": event["time"], "type": event["type"][len("locker."):-len(".v1")],
                "data": event["data"]}

    # -- what the page does

    def act(self, name, arguments):
        doing = getattr(self, "do_" + str(name).replace("-", "_"), None)
        if not doing:
            raise ValueError(f"no act {name}")
        with self.acting:
            try:
                doing(**arguments)
                return {"ok": True}
            except (Wish, place.site_rig.cabinet.Refused, site_rig.Refused, TimeoutError, OSError) as error:
                return {"ok": False, "error": str(error)}
            finally:
                self.wake.set()

    def _announce(self):
        number = len(self.items)
        size, zh, en = ITEMS[number % len(ITEMS)]
        taken = {i["code"] for i in self.items}
        item = {"item": f"YL-2026-{101 + number:04d}", "size": size, "zh": zh, "en": en, "code": place.new_code(taken),
                "token": place.new_token()}
        answer = self.site.announce(item["item"], item["code"], item["token"], size)
        if answer["result"] != "ok":
            raise Wish(f"item.announce: {answer['result']} {answer.get('reason', '')}")
        self.items.append(item)

    def do_announce(self):
        self._announce()

    def do_scan(self, what, item=""):
        """what: badge; barcode or qr of an item; or rubbish."""
        known = next((i for i in self.items if i["item"] == item), None)
        texts = {"badge": place.COURIER_BADGE, "barcode": known and known["item"], "qr": known and known["token"],
                 "rubbish": "HTTPS://EXAMPLE.INVALID/?x=1"}
        if not texts.get(what):
            raise ValueError(f"nothing to scan: {what} {item}")
        if what == "barcode":
            self.last_scanned = item
        self.site.scanner.scan(texts[what])

    def do_close(self, door):
        self.site.shut(door)

    def do_put(self, door, item):
        if any(d["item"] == item for d in self.site.sim.ask("status")["doors"]):
            raise Wish(f"{item} is in the cabinet already")
        self.site.sim.ask("door", door=door, action="put", item=item)

    def do_take(self, door):
        self.site.sim.ask("door", door=door, action="take")

    def do_force(self, door):
        self.site.sim.ask("door", door=door, action="force")

    def _toggle(self, on, fault, **where):
        if on:
            self.site.sim.ask("fault", fault=fault[0], **where, **fault[1])
        else:
            self.site.sim.ask("clear", fault=fault[0], **where)

    def do_jam(self, door, on):
        self._toggle(on, ("jam", {}), door=door)

    def do_push(self, door):
        """Leans on the door while its lock is pulsed: a jammed one gives way."""
        if "jam" in self.site.sim.door(door)["faults"]:
            self._toggle(False, ("jam", {}), door=door)
            self._toggle(True, ("jam", {"value": 1}), door=door)
        self.site.sim.ask("door", door=door, action="push", ms=8000)

    def do_sensor(self, door, on):
        self._toggle(on, ("sensor-stuck", {"value": 0}), door=door)

    def do_power(self, board, on):
        self.site.sim.ask("power", board=board, on=on)

    def do_adapter(self, on):
        self.site.sim.ask("line", line="RTU", action="plug" if on else "unplug")

    def do_broker(self, on):
        broker = self.site.broker
        if on and not broker.process:
            broker.start()
        elif not on and broker.process:
            broker.stop(signal.SIGKILL)

    def do_daemon(self, how):
        """how: kill (as a power cut), stop (as systemd does) or start."""
        daemon = self.site.daemon
        if how == "kill":
            daemon.kill()
        elif how == "stop" and daemon.alive():
            daemon.stop()
        elif how == "start" and not daemon.alive():
            daemon.start()


def a_server(port):
    """The page's server; OSError says which port could not be had."""
    port = a_port(port, PAGE_PORT)
    try:
        return page.Server(port)
    except OSError as error:
        raise OSError(f"port {port}: {error.strerror}; choose another with --port") from error


def open_browser(url):
    """A window, where there is a desktop; quietly nothing elsewhere."""
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        if shutil.which("xdg-open"):
            subprocess.Popen(["xdg-open", url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # pylint: disable=R1732
        else:
            webbrowser.open(url)


def tell_integrator(model, folder):
    print(f"""  邮政侧 · postal side    tests/upstream/upstream.py --port {model.site.broker.port} --operator {site_rig.OPERATOR} --site {site_rig.SITE} --keys {folder}/keys state
  首个小时 · first hour    docs/contract/first-hour.md
""")


def tell(model, url, build, folder):
    print(f"""
演示已就绪 · The demo is running

  打开 · open            {url}
  只看屏幕 · kiosk only   {model.kiosk_url}
  快递员 · courier        工号 staff number {place.COURIER}, 密码 PIN {place.COURIER_PIN}, 工牌 badge {place.COURIER_BADGE}
  窗口人员 · clerk        工号 staff number {place.CLERK}, 密码 PIN {place.CLERK_PIN}
""")
    if model.integrator:
        tell_integrator(model, folder)
    else:
        print("  件 item         大小 size  取件码 code  二维码 QR text")
    for item in model.items:
        print(f"  {item['item']:<14}  {item['size']:<9}  {item['code'][:4]} {item['code'][4:]}    {item['token']}")
    print(f"""
  命令行 · command line   {os.path.join(build, 'controller/ctl/lockerctl')} --socket {folder}/run/admin.sock status
  日志 · log              {folder}/lockerd.log

Ctrl-C 结束 · ends it
""", flush=True)


def run(build, port, browser, keep, integrator=False):
    folder = place.Folder("lockerd-demo-")
    model, server, serving, code = None, None, None, 0
    try:
        server = a_server(port)
        model = Model(build, folder.path, server, integrator)
        server.model, server.kiosk_origin = model, model.kiosk_url.rstrip("/")
        model.open_up()
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        tell(model, server.origin + "/", build, folder.path)
        if browser:
            open_browser(server.origin + "/")
        while True:
            time.sleep(0.2)
    except KeyboardInterrupt:
        print("\n正在结束 · ending", flush=True)
    except (OSError, RuntimeError, TimeoutError, AssertionError) as error:
        print(f"scripts/demo: {error}", flush=True)
        code, keep = 1, keep or model is not None
    finally:
        problems = model.close() if model else []
        if serving:
            server.shutdown()
        if server:
            server.server_close()
        folder.close(keep)
    for problem in problems:
        print(f"scripts/demo: {problem}")
    if keep:
        print(f"所有文件保留在 · everything is kept in {folder.path}")
    return code or (1 if problems else 0)
