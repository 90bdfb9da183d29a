"""What happens at one site within the hour: couriers, citizens, wrong codes, questions of the office. Each site has its own
plan, made of the seed, and its own threads; what it measures carries the phase it was measured in."""

import random
import threading
import time

import site_rig
import upstream
from place import COURIER, PIN

ROUNDS_MOST, ROUND_S = 3, 40  # couriers come so often, but not so fast that coils have to rest (law 9)
ASK_EVERY_S = 1.0   # the office asks each site how it is
WRONG_CODES = 3
TRIES, TRY_S = 20, 5.0
CALM, TROUBLE = "calm", "trouble"


class Clock:
    """The hour, pressed into `seconds`. The second half of it is the half with troubles."""

    def __init__(self, seconds):
        self.seconds, self.began = seconds, time.monotonic()

    def phase(self):
        return CALM if time.monotonic() - self.began < self.seconds / 2 else TROUBLE

    def left(self):
        return self.began + self.seconds - time.monotonic()

    def wait_until(self, share):
        """share: 0 the beginning of the hour, 1 its end."""
        pause = self.began + share * self.seconds - time.monotonic()
        if pause > 0:
            time.sleep(pause)


class Life:
    """One site's hour. times[kind][phase]: milliseconds. faults: what went otherwise than it should."""

    def __init__(self, site, clock, items, seed):
        self.site, self.clock, self.items = site, clock, items
        self.chance = random.Random(f"{seed}/{site.site}")
        self.times = {kind: {CALM: [], TROUBLE: []} for kind in ("answer", "door", "event")}
        self.faults, self.deposited, self.collected, self.refused = [], 0, 0, 0
        self.expect_trouble = False  # what fails here is part of the story
        self.offline = False         # its network goes away for a while; the hall works on
        self.over = threading.Event()
        self.codes = {}
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._guard, args=(part,), daemon=True) for part in (self._hall, self._ask)]

    def start(self):
        inner = self.site.postal.on_event

        def arrived(event):
            self._event(event)
            inner(event)
        self.site.postal.on_event = arrived
        for thread in self.threads:
            thread.start()

    def join(self, timeout_s):
        self.threads[0].join(timeout_s)
        self.over.set()
        self.threads[1].join(timeout_s)
        if any(thread.is_alive() for thread in self.threads):
            self.faults.append("did not come to an end")

    def _guard(self, part):
        try:
            part()
        except Exception as error:  # pylint: disable=broad-except
            if not self.expect_trouble:
                self.faults.append(f"{part.__name__.strip('_')}: {error!r}")

    def _measured(self, kind, ms):
        self.times[kind][self.clock.phase()].append(ms)

    def _event(self, event):
        if event["type"] in ("locker.item.deposited.v1", "locker.item.collected.v1", "locker.door.opened.v1"):
            stamp = event["time"]
            at_s = time.mktime(time.strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone + float(stamp[19:-1])
            self._measured("event", max(0.0, (time.time() - at_s) * 1000))

    # -- the office's questions, all through the hour

    def _ask(self):
        while not self.over.wait(ASK_EVERY_S * self.chance.uniform(0.8, 1.2)):
            began = time.monotonic()
            try:
                answer = self.site.postal.command("status.get", {}, timeout_s=10)
            except TimeoutError:
                if not self.expect_trouble and not self.offline:
                    self.faults.append("status.get was not answered within 10 s")
                continue
            self._measured("answer", (time.monotonic() - began) * 1000)
            if answer["status"]["epoch"] != (self.site.postal.log.epoch or answer["status"]["epoch"]):
                self.faults.append("status.get was answered by another site")

    # -- the hall: one person at a time stands at the screen

    def _hall(self):
        rounds = max(1, min(ROUNDS_MOST, int(self.clock.seconds // ROUND_S)))
        share = 1 / rounds
        for number in range(rounds):
            self.clock.wait_until(number * share + self.chance.uniform(0, share / 4))
            mine = self._announce(number, rounds)
            self._courier(mine)
            self._citizens(mine, number, share)

    def _announce(self, number, rounds):
        mine = []
        first, last = self.items * number // rounds, self.items * (number + 1) // rounds
        for i in range(first, last):
            item = f"{self.site.site}-{i}"
            code = f"{self.chance.randrange(10 ** 8):08d}"
            while code in self.codes.values():
                code = f"{self.chance.randrange(10 ** 8):08d}"
            answer = self._command("item.announce", {"item_id": item, "size": "S", "code": code})
            if answer["result"] != "ok":
                self.faults.append(f"{item} could not be announced: {answer}")
                continue
            self.codes[item] = code
            mine.append(item)
        return mine

    def _command(self, name, args):
        """Sends the very same token again until it is answered: the site acts on it at most once."""
        postal = self.site.postal
        claims = upstream.claims_for(postal.operator, postal.site, name, args, lifetime_s=110)
        token = postal.keys.sign(claims)
        for _ in range(TRIES):
            postal.send(token)
            try:
                return postal.answer(claims["jti"], TRY_S)
            except TimeoutError:
                continue
        return {"result": "no answer"}

    def _courier(self, mine):
        self.site.sign_in(COURIER, PIN)
        self.site.kiosk.press("deposit")
        for item in mine:
            self.site.deposit(item)
            self.deposited += 1
        self.site.kiosk.press("sign_out")

    def _citizens(self, mine, number, share):
        wrong = self.chance.sample(range(len(mine)), min(WRONG_CODES, len(mine)) if number == 0 else 0)
        for place, item in enumerate(mine):
            self.clock.wait_until((number + 0.35 + 0.6 * (place + self.chance.random()) / len(mine)) * share)
            if place in wrong:
                self._wrong_code()
            self._pickup(self.codes[item])

    def _wrong_code(self):
        code = "00000000" if "00000000" not in self.codes.values() else "99999999"
        if self.site.kiosk.code(code)["result"] == "ok":
            self.faults.append("a wrong code was taken")
        self.refused += 1
        self.site.kiosk.press("back")

    def _pickup(self, code):
        site_rig.until(lambda: self.site.kiosk.view()["screen"] == "home", 15, "the home screen", 0.02)
        began = time.monotonic()
        answer = self.site.kiosk.code(code)
        if answer["result"] != "ok":
            raise AssertionError(f"a right code was refused: {answer}")
        door = self.site.kiosk.until("take")["door"]
        self._measured("door", (time.monotonic() - began) * 1000)
        self.site.sim.ask("door", door=door, action="take")
        self.site.shut(door)
        self.site.kiosk.until("taken", door=door)
        self.site.kiosk.press("done")
        self.collected += 1
