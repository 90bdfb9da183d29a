"""A day at the cabinet, played by itself on real processes, and judged at its end by promises.py.

Cabinet (cabinet-sim), broker (mosquitto), daemon (lockerd) and postal side are processes of their own or real clients; the
people act through the kiosk's HTTP, the scanner's tty and the doors. Nothing is asserted from what the tour wished.
"""

import datetime
import json
import os
import secrets
import signal
import sqlite3
import threading
import time

import place
import promises
import story
from place import site_rig

TIMING = {"left_open_s": 5, "open_timeout_ms": 1500, "notice_s": 3}
LOCKOUT = "[lockout]\nfirst_s = 8\n"
OUTAGE_S = 3.0


class Broken(Exception):
    """A promise did not hold while the day went on."""


def need(true, promise):
    if not true:
        raise Broken(promise)


class Item:
    """A document under way, with the secrets that only its recipient and upstream know."""

    def __init__(self, name, size, code):
        self.name, self.size, self.code, self.token = name, size, code, place.new_token()
        self.door = None


class Tour:
    def __init__(self, build, folder, out=None):
        self.story = story.Story(out)
        self.folder = folder
        self.items, self.arrived, self.presences = [], {}, []
        self.messages = []  # every payload that crossed the broker from the daemon
        self.pin = f"{secrets.randbelow(10 ** 8):08d}"
        self.day = promises.Record()
        self.hands = {}  # item -> who took it out of the cabinet
        self.kill_at_pulse = threading.Event()
        self.site = site_rig.Site(build, banks=place.BANKS, rtu=place.RTU, scanner=True, folder=folder, timing=TIMING,
                                  more=LOCKOUT, start=False)
        self.site.postal.on_message, self.site.postal.on_event = self._message, self._event
        self.witness = place.Witness(self.site.sim, self._saw)

    def close(self):
        self.witness.stop()
        return self.site.close()

    # -- what comes in by itself

    def _message(self, topic, payload, _retained):
        self.messages.append((topic, payload))
        if topic == "state/presence" and payload:
            presence = self.site.postal.presence
            if not self.presences or self.presences[-1] != presence:
                self.presences.append(presence)

    def _saw(self, happening):
        if happening["event"] == "pulse-start" and self.kill_at_pulse.is_set():
            self.kill_at_pulse.clear()
            os.kill(self.site.daemon.process.pid, signal.SIGKILL)

    def _event(self, event):
        """A new event, with how late it came by the wall clock of this machine."""
        self.site.events.append(event)
        at = datetime.datetime.fromisoformat(event["time"].replace("Z", "+00:00"))
        self.arrived[event["seq"]] = (datetime.datetime.now(datetime.timezone.utc) - at).total_seconds()

    # -- the people's moves

    def announce(self, count, sizes):
        codes = set()
        for number in range(count):
            item = Item(f"YL-2026-{101 + number:04d}", sizes.get(number, "S"), place.new_code(codes))
            codes.add(item.code)
            self.items.append(item)
            args = {"item_id": item.name, "size": item.size, "code": item.code, "token": item.token}
            jti = f"announce-{item.name}"
            claims = place.upstream.claims_for(site_rig.OPERATOR, site_rig.SITE, "item.announce", args, jti)
            item.command = self.site.keys.sign(claims)
            self.site.postal.send(item.command)
            answer = self.site.postal.answer(jti)
            need(answer["result"] == "ok", f"upstream may announce {item.name}: {answer}")

    def answers_to(self, jti):
        return [a for a in (json.loads(p) for t, p in self.messages if t == "rsp") if a["id"] == jti]

    def seen(self, event, door, **match):
        return [h for h in self.witness.seen if h["event"] == event and h.get("door") == door
                and all(h.get(k) == v for k, v in match.items())]

    def deposit(self, item):
        item.door = self.site.deposit(item.name, item.size)

    def take(self, item, hand="recipient", shut=True):
        """The door is open: somebody takes the item and closes."""
        got = self.site.sim.ask("door", door=item.door, action="take")
        need(got["item"] == item.name, f"behind {item.door} lies {item.name}, not {got['item']}")
        self.hands[item.name] = hand
        if shut:
            self.site.shut(item.door)

    def enter(self, item):
        """The citizen types the code; returns the kiosk's answer."""
        return self.site.kiosk.code(item.code)

    def pickup(self, item, by="code"):
        if by == "code":
            answer = self.enter(item)
            need(answer["result"] == "ok", f"the code of {item.name} opens its door: {answer}")
        else:
            self.site.scanner.scan(item.token)
        self.site.kiosk.until("take", door=item.door)
        self.take(item)
        self.site.kiosk.until("taken", door=item.door)
        self.site.kiosk.press("done")

    def home(self):
        self.site.kiosk.until("home", timeout_s=6)

    # -- the scenes

    def open_up(self):
        s = self.story
        s.heading("开门营业", "The day begins")
        self.site.start()
        self.site.hire(place.COURIER, self.pin, "courier", place.COURIER_BADGE)
        banks = self.site.admin("status")["banks"]
        s.say(f"代理服务器、柜体（{sum(b['doors'] for b in banks)} 格，两块锁控板）和控制程序都已就绪",
              f"Broker, cabinet ({sum(b['doors'] for b in banks)} doors on a TCP and an RS-485 board) and daemon are up")
        self.announce(9, {1: "M", 2: "L", 8: "XL"})
        first, jti = self.items[0], f"announce-{self.items[0].name}"
        self.site.postal.send(first.command)
        site_rig.until(lambda: len(self.answers_to(jti)) == 2, 5, "the second answer to a repeated command")
        results = [a["result"] for a in self.answers_to(jti)]
        need(results == ["ok", "ok"], f"a repeated command gets its stored answer: {results}")
        self.day.repeated.append(first.name)
        s.say("邮政系统用签名指令预告了 9 个件；其中一条被网络重发，只生效一次",
              "The postal system announced 9 items by signed commands; the network repeats one of them: it acts once")

    def deposits(self):
        s, site = self.story, self.site
        s.heading("快递员投递", "The courier deposits")
        site.sign_in(place.COURIER, self.pin)
        site.kiosk.press("deposit")
        self.deposit(self.items[0])
        s.say(f"工号和密码登录，扫码投递 {self.items[0].name}：{self.items[0].door} 弹开、放入、关门",
              f"Signed in by number and PIN; {self.items[0].name} is scanned, {self.items[0].door} opens, in, closed")
        self._deposit_larger(self.items[1])
        site.kiosk.press("sign_out")
        self.home()
        site.scanner.scan(place.COURIER_BADGE)
        site.kiosk.until("staff_menu")
        site.kiosk.press("deposit")
        self.deposit(self.items[2])
        s.say(f"下一位刷工牌登录，投递 {self.items[2].name} 到 {self.items[2].door}",
              f"The next signs in by badge and deposits {self.items[2].name} into {self.items[2].door}")
        more = self.items[3:7] + self.items[8:]
        for item in more:
            self.deposit(item)
        site.kiosk.press("sign_out")
        self.home()
        s.say("又投递五件：" + "、".join(f"{i.name[-4:]} → {i.door}" for i in more),
              "Five more: " + ", ".join(f"{i.name[-4:]} into {i.door}" for i in more))

    def _deposit_larger(self, item):
        site = self.site
        need(site.kiosk.scan(item.name)["result"] == "ok", f"{item.name} may be deposited")
        site.kiosk.until("size")
        site.kiosk.press("size", size="S")
        small = site.kiosk.until("put")["door"]
        site.kiosk.press("larger")
        view = site_rig.until(lambda: self._put_elsewhere(small), 5, "a larger door")
        item.door = view["door"]
        site.shut(small)
        site.sim.ask("door", door=item.door, action="put", item=item.name)
        site.shut(item.door)
        site.kiosk.until("placed", door=item.door)
        self.story.say(f"{item.name} 放不进 {small}，点“换大格”：{item.door} 弹开，{small} 关好备用",
                       f"{item.name} does not fit {small}: \"larger\" opens {item.door}, and {small} is free again")

    def _put_elsewhere(self, small):
        view = self.site.kiosk.view()
        return view if view["screen"] == "put" and view["door"] != small else None

    def pickups(self):
        s = self.story
        s.heading("市民取件", "Citizens collect")
        item = self.items[0]
        self.pickup(item)
        s.say(f"输入取件码，{item.door} 弹开，取走 {item.name}，关门", f"A code opens {item.door}; {item.name} is taken, door closed")
        answer = self.enter(item)
        self.day.used_codes.append(answer)
        need(answer["result"] == "refused", f"a used code opens nothing: {answer}")
        self.site.kiosk.until("notice")
        self.site.kiosk.press("done")
        self.home()
        s.say(f"同一个取件码再试一次：不开门（{answer['reason']}）", f"The same code once more: refused ({answer['reason']})")
        item = self.items[1]
        self.pickup(item, by="qr")
        s.say(f"扫二维码，{item.door} 弹开，取走 {item.name}", f"A QR code opens {item.door}; {item.name} is taken")

    def _wrong_code(self):
        answer = self.site.kiosk.code(place.new_code({i.code for i in self.items}))
        need(answer["result"] == "refused", f"a wrong code opens nothing: {answer}")
        return answer["reason"]

    def lockout(self):
        s, kiosk = self.story, self.site.kiosk
        s.heading("输错与锁定", "Wrong codes and a lockout")
        item = self.items[2]
        pulses = len([h for h in self.witness.seen if h["event"] == "pulse-start"])
        left = []
        for _ in range(5):
            reason = self._wrong_code()
            left.append(kiosk.until("notice")["tries_left"])
            kiosk.press("done")
            self.home()
        need(reason == "locked_out", "the fifth wrong code in a row locks the keypad")
        locked_ms = kiosk.view()["locked_ms"]
        need(locked_ms > 0, "the screen counts the lockout down")
        need(len([h for h in self.witness.seen if h["event"] == "pulse-start"]) == pulses, "a wrong code pulses no lock")
        s.say(f"有人乱试：还可试 {'、'.join(str(n) for n in left[:4])} 次，第五次后键盘锁定，屏幕倒计时 {locked_ms / 1000:.0f} 秒",
              f"Somebody guesses: tries left {left[:4]}, then the keypad locks and counts down {locked_ms / 1000:.0f} s")
        answer = self.enter(self.items[3])
        need(answer["reason"] == "locked_out", f"while locked even a right code waits: {answer}")
        kiosk.press("done")
        self.home()
        self.pickup(item, by="qr")
        need(kiosk.view()["locked_ms"] > 0, "the pickup by QR happened during the lockout")
        s.say(f"锁定期间二维码照常：{item.door} 弹开，取走 {item.name}（不牵连守规矩的人）",
              f"QR codes still work meanwhile: {item.door} opens, {item.name} is taken; honest people are not locked out")

    def jam(self):
        s, site = self.story, self.site
        s.heading("锁舌卡住", "A jammed lock")
        site_rig.until(lambda: site.kiosk.view()["locked_ms"] == 0, 12, "the end of the lockout")
        s.say("倒计时结束，键盘恢复", "The countdown is over, the keypad works again")
        item = self.items[3]
        pulses = len(self.seen("pulse-start", item.door))
        site.sim.ask("fault", door=item.door, fault="jam", value=1)
        need(self.enter(item)["result"] == "ok", f"the code of {item.name} is right")
        site.kiosk.until("jam", door=item.door)
        s.say(f"{item.door} 通了电但没弹开；屏幕说“请轻按柜门再试一次，文件是安全的”",
              f"{item.door} was pulsed and did not open; the screen says: press lightly, try again, your document is safe")
        site.sim.ask("door", door=item.door, action="push", ms=3000)
        site.kiosk.press("retry")
        site.kiosk.until("take", door=item.door)
        self.take(item)
        site.kiosk.until("taken", door=item.door)
        site.kiosk.press("done")
        site.sim.ask("clear", door=item.door, fault="jam")
        given = len(self.seen("pulse-start", item.door)) - pulses
        need(given == 2, f"one try and one retry are two pulses, not {given}")
        s.say(f"按住柜门再试一次：弹开，取走 {item.name}", f"Pushing the door and trying once more: it opens, {item.name} is taken")

    def left_open(self):
        s, site = self.story, self.site
        s.heading("忘了关门", "A door left open")
        item = self.items[4]
        need(self.enter(item)["result"] == "ok", f"the code of {item.name} is right")
        site.kiosk.until("take", door=item.door)
        self.take(item, shut=False)
        site.until_event("door.left_open", 12, door=item.door)
        need(site.item(item.name)["custody"] == "in_locker", "nothing counts as collected while the door is open")
        need(site.kiosk.view()["open_door"] == item.door, "the screen asks to close the door")
        s.say(f"取走 {item.name} 后没关 {item.door}：5 秒后报警，屏幕提醒关门，此时还不算取走",
              f"{item.name} is taken, {item.door} stays open: alarm after 5 s, a banner, and not yet collected")
        site.shut(item.door)
        site.until_event("item.collected", 5, item=item.name)
        s.say("路人顺手关上门：现在才记为已取走", "A passer-by closes it: only now it counts as collected")
        if site.kiosk.view()["screen"] == "taken":
            site.kiosk.press("done")
        self.home()

    def recall(self):
        s, site = self.story, self.site
        s.heading("快递员回收", "The courier recalls an item")
        item = self.items[5]
        site.sign_in(place.COURIER, self.pin)
        site.kiosk.press("recall")
        site.kiosk.until("recall_list")
        listed = [row["item"] for row in site.kiosk.recalls()["items"]]
        need(item.name in listed, f"{item.name} is on the recall list: {listed}")
        site.kiosk.press("recall_item", item=item.name)
        site.kiosk.until("recall_take", door=item.door)
        self.take(item, hand="staff")
        site.kiosk.until("recall_taken", door=item.door)
        site.kiosk.press("sign_out")
        self.home()
        s.say(f"从 {item.door} 取回 {item.name}，转到窗口", f"{item.name} comes out of {item.door} and goes to the window")
        answer = self.enter(item)
        self.day.used_codes.append(answer)
        need(answer["result"] == "refused", f"after a recall the code opens nothing: {answer}")
        site.kiosk.press("done")
        self.home()

    def outage(self):
        s, site = self.story, self.site
        s.heading("网络中断", "The network is away")
        before = site.admin("status")["seq"]
        site.broker.stop()
        site_rig.until(lambda: not site.admin("uplink")["connected"], 10, "the daemon to notice")
        away = time.monotonic()
        site.scanner.scan(place.COURIER_BADGE)
        site.kiosk.until("staff_menu")
        site.kiosk.press("deposit")
        late = self.items[7]
        self.deposit(late)
        site.kiosk.press("sign_out")
        self.home()
        self.pickup(late)
        time.sleep(max(0.0, away + OUTAGE_S - time.monotonic()))
        status = site.admin("status")
        kept = status["seq"] - before
        need(kept > 0 and status["acked"] <= before, "events are kept until upstream has them")
        s.say(f"代理服务器没了。照常投递并取走 {late.name}；{kept} 条事件存在本地",
              f"The broker is gone. {late.name} is deposited and collected all the same; {kept} events wait in the log")
        site.broker.start()
        site.until_all_acked(30)
        s.say(f"网络恢复：{kept} 条事件按顺序补发并得到确认", f"It is back: all {kept} events arrive in order and are acknowledged")

    def killed(self):
        s, site = self.story, self.site
        s.heading("断电瞬间", "Killed between pulse and door")
        item = self.items[6]
        pulses = len(self.seen("pulse-start", item.door))
        openings = len(self.seen("door-opened", item.door))
        self.kill_at_pulse.set()
        try:
            self.enter(item)
        except (OSError, ValueError, site_rig.http.client.HTTPException):
            pass  # nobody was left to answer
        site.daemon.wait_dead(10)
        need(len(self.seen("door-opened", item.door)) == openings, "it died before the door had moved")
        site_rig.until(lambda: len(self.seen("door-opened", item.door)) > openings, 5, "the door to open by its pulse")
        site_rig.until(lambda: self.seen("pulse-end", item.door)[pulses:], 5, "the board to end the pulse by itself")
        s.say(f"锁刚通电，程序被 SIGKILL 杀死；锁控板自己断电，{item.door} 随后弹开，没人看见",
              f"SIGKILL the moment the lock is energised; the board ends the pulse, {item.door} opens, nobody is watching")
        site.start()
        site.until_event("door.opened", 10, door=item.door, item=item.name, outcome="opened")
        need(len(self.seen("pulse-start", item.door)) == pulses + 1, "after a restart the door is looked at, never pulsed again")
        s.say("重新启动：先看门，门开着，于是记为已打开；不再通电", "Restarted: it looks at the door, finds it open, records that, and does not pulse again")
        self.take(item)
        site.until_event("item.collected", 5, item=item.name)
        s.say(f"市民取走 {item.name}，关门，记为已取走", f"The citizen takes {item.name} and closes: collected")

    # -- the evening

    def close_up(self):
        s, site, day = self.story, self.site, self.day
        s.heading("打烊", "The day ends")
        site.until_all_acked(20)
        status = site.admin("status")
        day.epoch = status["epoch"]
        day.items = {i["item"]: i["custody"] for i in site.admin("items", limit=500)["items"]}
        epoch_of_all = {e["epoch"] for e in site.events}
        need(epoch_of_all == {day.epoch}, f"one epoch all day: {epoch_of_all}")
        day.exit_code = site.daemon.stop()
        site.postal.wait(lambda: (site.postal.presence or {}).get("state") == "stopped", 5, "presence to say stopped")
        time.sleep(0.3)  # what was on its way to the postal side
        s.say(f"正常停止，退出码 {day.exit_code}，在线状态：已停止", f"Stopped cleanly, exit {day.exit_code}, presence says stopped")
        told = [p["state"] for p in self.presences]
        need("offline" in told, f"the will told upstream of the sudden death: {told}")

    def collect_evidence(self):
        day, site = self.day, self.site
        day.events = list(site.events)
        day.faults = list(site.postal.log.faults)
        day.presence = dict(site.postal.presence or {})
        day.doors = site.sim.ask("status")["doors"]
        self.witness.stop()
        day.happenings = list(self.witness.seen)
        self._read_database()
        inside = {d["item"] for d in day.doors if d["item"]}
        day.places = {i.name: "cabinet" if i.name in inside else self.hands.get(i.name, "away") for i in self.items}
        day.secrets = [t for i in self.items for t in (i.code, i.token)] + [place.COURIER_BADGE, self.pin]
        self._read_texts()

    def _read_texts(self):
        """Everything the daemon has written, on disk and on the wire."""
        state = os.path.join(self.folder, "state")
        for path in [os.path.join(self.folder, n) for n in ("lockerd.log", "trace.log")] + \
                [os.path.join(state, n) for n in sorted(os.listdir(state))]:
            with open(path, "rb") as f:
                self.day.texts[os.path.basename(path)] = f.read()
        self.day.texts["MQTT"] = b"\n".join(payload for _, payload in self.messages)

    def _read_database(self):
        """The daemon has ended: its file may be looked at."""
        base = sqlite3.connect(f"file:{os.path.join(self.folder, 'state', 'lockerd.db')}?mode=ro", uri=True)
        self.day.intents = base.execute("SELECT id, door, outcome, finished FROM intent ORDER BY id").fetchall()
        self.day.last, = base.execute("SELECT max(seq) FROM event").fetchone()
        self.day.acked, = base.execute("SELECT acked FROM cursor").fetchone()
        base.close()

    # -- all of it

    SCENES = (open_up, deposits, pickups, lockout, jam, left_open, recall, outage, killed, close_up)

    def play(self):
        """Returns how many promises were broken."""
        for scene in self.SCENES:
            scene(self)
        self.collect_evidence()
        return self.tell()

    def tell(self):
        s, day = self.story, self.day
        s.heading("邮政系统收到的事件", "What the postal system received")
        s.events(day.events, self.arrived)
        s.heading("每一件现在在哪里", "Where each item is now")
        for item in self.items:
            s.line(f"  {item.name}  daemon: {day.items.get(item.name, '?'):<10}  upstream: "
                   f"{promises.books(day).get(item.name, '?'):<10}  in truth: {day.places[item.name]}")
        s.heading("承诺", "The promises")
        broken = 0
        for law, zh, en, fault in promises.judge(day):
            name = f"law {law}: " if law != "-" else ""
            s.verdict(fault is None, f"{name}{zh} · {en}" + (f"\n      BROKEN: {fault}" if fault else ""))
            broken += fault is not None
        return broken


def tell_last_steps(tale, trace):
    """What the daemon decided last, for whoever looks into it."""
    try:
        with open(trace, encoding="utf-8", errors="replace") as f:
            lines = f.readlines()[-20:]
    except OSError:
        return
    tale.heading("最后的几步", "The daemon's last steps")
    for line in lines:
        tale.line("  " + line.rstrip())


def run(build, keep=False):
    """The exit code: 0 when every promise held."""
    folder = place.Folder("lockerd-tour-")
    tour, why = None, None
    broken = 1
    try:
        tour = Tour(build, folder.path)
        broken = tour.play()
        why = f"{broken} broken" if broken else None
    except KeyboardInterrupt:
        why = "stopped by hand"
    except Exception as error:  # pylint: disable=broad-except
        why = f"in \"{tour.story.scene if tour else 'setting up'}\": {type(error).__name__}: {error}"
    finally:
        problems = tour.close() if tour else []
    if why is None and problems:
        why = f"a process did not end well: {problems}"
    keep = keep or (why is not None and why != "stopped by hand")
    if why and tour and why != "stopped by hand":
        tell_last_steps(tour.story, os.path.join(folder.path, "trace.log"))
    folder.close(keep)
    print()
    if why is None:
        print(f"每一条承诺都守住了 · every promise held ({time.monotonic() - tour.story.began:.0f} s, {len(tour.day.events)} events)")
    else:
        print(f"承诺没有守住 · NOT EVERY PROMISE HELD: {why}")
    if keep:
        print(f"所有文件保留在 · everything is kept in {folder.path}")
    return 0 if why is None else 1
