"""What people do at a cabinet whose controller may die at any moment: one class per story.

A story prepares, acts until the daemon is killed, lets the person's hands go on while it is dead, and goes on as a real
person would once it is back. `asked` counts what people authorised: each code, scan or button that may open a door once.
"""
import site_rig

CODE, TOKEN = "73519264", "QR-3kqv9xWm2bTz8RnYhL5c"
STAFF, PIN = "1001", "246813"


class Story:
    """The courier, the citizen, or upstream. `line` chooses the bank by size: S lies on Modbus TCP, M on RTU."""

    name = actor = None
    item = "Y-2026-0001"

    def __init__(self, site, line):
        self.site, self.line = site, line
        self.size = "S" if line == "tcp" else "M"
        self.asked = 0
        self.holder = "courier"  # who has the item while no compartment has it
        self.said = []  # what the kiosk or the answers said after the restart

    # -- physical truth, by the simulator's own counters

    def doors(self):
        return self.site.sim.ask("status")["doors"]

    def place(self):
        """The door behind which the item lies, or who holds it."""
        inside = [d["name"] for d in self.doors() if d["item"] == self.item]
        assert len(inside) < 2, f"one item in two compartments: {inside}"
        return inside[0] if inside else self.holder

    def open_doors(self):
        return [d["name"] for d in self.doors() if d["open"]]

    def put(self, door):
        if self.place() == self.holder:
            self.site.sim.ask("door", door=door, action="put", item=self.item)

    def take(self, door):
        if self.place() == door:
            self.site.sim.ask("door", door=door, action="take")
            self.holder = self.actor

    def use(self, door):
        """What the door was opened for."""
        self.take(door)

    def hands(self, how):
        """No screen is needed for this: use the open door or not, and shut it."""
        for door in self.open_doors():
            if how == "finish":
                self.use(door)
            self.site.shut(door)

    # -- steps that several stories share

    def custody(self):
        found = self.site.item(self.item)
        return found["custody"] if found else "none"

    def say(self, answer):
        self.said.append(answer["result"] if answer["result"] == "ok" else answer["reason"])
        return answer["result"] == "ok"

    def sign_in(self):
        self.site.sign_in(STAFF, PIN)

    def stock(self):
        """A courier deposits the item, before the story begins."""
        s = self.site
        assert s.announce(self.item, CODE, TOKEN, self.size)["result"] == "ok"
        self.sign_in()
        s.kiosk.press("deposit")
        door = s.deposit(self.item, self.size)
        self.asked += 1
        s.kiosk.press("sign_out")
        return door

    def follow(self, opened, closed):
        """The screen leads: wait for the open door, use it, shut it, wait for the goodbye."""
        door = self.site.kiosk.until(opened)["door"]
        self.use(door)
        self.site.shut(door)
        self.site.kiosk.until(closed, door=door)

    def all_acked(self):
        self.site.until_all_acked(10)

    def prepare(self):
        raise NotImplementedError

    def act(self):
        raise NotImplementedError

    def again(self):
        raise NotImplementedError


class Deposit(Story):
    name, actor = "deposit", "courier"

    def use(self, door):
        self.put(door)

    def prepare(self):
        assert self.site.announce(self.item, CODE, TOKEN, self.size)["result"] == "ok"
        self.sign_in()
        self.site.kiosk.press("deposit")

    def _bring(self):
        kiosk = self.site.kiosk
        self.asked += 1
        if not self.say(kiosk.scan(self.item)):
            return
        if kiosk.view()["screen"] == "size" and not self.say(kiosk.press("size", size=self.size)):
            return
        self.follow("put", "placed")

    def act(self):
        self._bring()
        self.all_acked()

    def again(self):
        self.sign_in()
        self.site.kiosk.press("deposit")
        self.said.clear()
        self._bring()


class Pickup(Story):
    name, actor = "pickup", "citizen"

    def prepare(self):
        self.stock()

    def _collect(self):
        self.asked += 1
        if self.say(self.site.kiosk.code(CODE)):
            self.follow("take", "taken")

    def act(self):
        self._collect()
        self.all_acked()

    def again(self):
        self.said.clear()
        self._collect()


class Qr(Pickup):
    """The same by the QR token, shown to the scanner."""
    name = "qr pickup"

    def _collect(self):
        self.asked += 1
        if self.say(self.site.kiosk.scan(TOKEN)):
            self.follow("take", "taken")


class Recall(Story):
    name, actor = "recall", "clerk"

    def prepare(self):
        self.stock()
        self.sign_in()
        self.site.kiosk.press("recall")

    def _take_back(self):
        self.asked += 1
        if self.say(self.site.kiosk.press("recall_item", item=self.item)):
            self.follow("recall_take", "recall_taken")

    def act(self):
        self._take_back()
        self.all_acked()

    def again(self):
        self.sign_in()
        self.site.kiosk.press("recall")
        self.said.clear()
        self._take_back()


class OpenAgain(Story):
    """The citizen has collected and looks in once more within the minute."""
    name, actor = "open again", "citizen"

    def prepare(self):
        self.stock()
        self.asked += 1
        assert self.site.kiosk.code(CODE)["result"] == "ok"
        self.follow("take", "taken")

    def act(self):
        self.asked += 1
        assert self.site.kiosk.press("open_again")["result"] == "ok"
        self.follow("take", "taken")
        self.all_acked()

    def again(self):
        self.hands("finish")
        assert not self.say(self.site.kiosk.code(CODE)), "a code that was used up opened a door"


class Retry(Pickup):
    """The door jams; the citizen presses "try again", once."""
    name = "retry"

    def prepare(self):
        door = self.stock()
        self.site.sim.ask("fault", door=door, fault="jam")
        self.asked += 1
        assert self.site.kiosk.code(CODE)["result"] == "ok"
        self.site.kiosk.until("jam")
        self.site.sim.ask("clear", door=door)

    def act(self):
        self.asked += 1
        assert self.site.kiosk.press("retry")["result"] == "ok"
        self.follow("take", "taken")
        self.all_acked()


class Remote(Story):
    """Upstream opens a compartment by command; somebody shuts it."""
    name, actor = "remote open", "citizen"

    def prepare(self):
        import upstream
        self.holder = "nobody"
        self.door = "A03" if self.line == "tcp" else "B03"
        claims = upstream.claims_for(site_rig.OPERATOR, site_rig.SITE, "compartment.open", {"compartment": self.door})
        self.jti, self.token = claims["jti"], self.site.keys.sign(claims)

    def _send(self):
        self.site.postal.answers.pop(self.jti, None)
        self.site.postal.send(self.token)

        def answered():
            if not self.site.daemon.alive():
                raise ConnectionError("the daemon died")
            return self.site.postal.answers.get(self.jti)
        return site_rig.until(answered, 10, "the answer to compartment.open")

    def act(self):
        self.asked += 1
        assert self._send()["result"] == "ok"
        self.hands("finish")
        self.all_acked()

    def again(self):
        """Upstream heard nothing and sends the very same command again, twice."""
        first = self._send()
        self.hands("finish")
        second = self._send()
        same = all(first.get(k) == second.get(k) for k in ("result", "reason", "outcome"))
        assert same, f"one command, two answers: {first} and {second}"
        self.said = [first["result"]]


class Announce(Story):
    name, actor = "announce", "courier"

    def prepare(self):
        import upstream
        self.jti = "announce-1"
        claims = upstream.claims_for(site_rig.OPERATOR, site_rig.SITE, "item.announce",
                                     {"item_id": self.item, "size": self.size, "code": CODE}, self.jti)
        self.token = self.site.keys.sign(claims)

    _send = Remote._send

    def act(self):
        assert self._send()["result"] == "ok"
        self.all_acked()

    def again(self):
        assert self._send()["result"] == "ok"
        self.said = ["ok"]


ALL = {story.name: story for story in (Deposit, Pickup, Qr, Recall, OpenAgain, Retry, Remote, Announce)}
