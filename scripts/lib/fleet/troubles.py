"""What goes wrong at some sites in the second half of the hour, so that it shows whether the others feel it."""

import os
import signal
import threading
import time

import site_rig
from place import OPERATOR

FLOOD_PER_S = 100
LIVES = 3


class Trouble:
    """A thread that makes one site a bad neighbour until the hour is over. `what`: a sentence for the report."""

    what = ""
    pickups_fail = False  # the site itself cannot be expected to serve everybody

    def __init__(self, city, life, clock):
        self.city, self.life, self.site, self.clock = city, life, life.site, clock
        self.told, self.broken = "", []
        life.expect_trouble = self.pickups_fail
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        self.clock.wait_until(0.5)
        try:
            self.trouble()
        except Exception as error:  # pylint: disable=broad-except
            self.broken.append(f"{type(self).__name__}: {error!r}")

    def trouble(self):
        raise NotImplementedError

    def start(self):
        self.thread.start()

    def join(self, timeout_s):
        self.thread.join(timeout_s)
        if self.thread.is_alive():
            self.broken.append(f"{type(self).__name__} did not come to an end")


class Flood(Trouble):
    what = "staff block and free a compartment 100 times a second: a flood of events"

    def _turn(self, count):
        self.site.admin("block" if count % 2 == 0 else "unblock", door="A16", why="a test of the fleet")

    def trouble(self):
        count = 0
        while self.clock.left() > 2:
            self._turn(count)
            count += 1
            time.sleep(1 / FLOOD_PER_S)
        if count % 2:
            self._turn(count)
        self.told = f"{count} more events"


class SuddenDeaths(Trouble):
    what = "its daemon is killed and started again, several times"
    pickups_fail = True

    def trouble(self):
        for life in range(LIVES):
            self.clock.wait_until(0.55 + 0.12 * life)
            self.site.daemon.kill()
            self.site.start()
        self.told = f"{LIVES} deaths"


class DeadBoard(Trouble):
    what = "its lock board loses power for a while"
    pickups_fail = True

    def trouble(self):
        self.site.sim.ask("fault", board="A", fault="dead")
        self.clock.wait_until(0.8)
        self.site.sim.ask("clear", board="A", fault="dead")
        site_rig.until(lambda: self.site.door("A01")["state"] == "closed", 60, "the board to be back", 0.1)
        self.told = "dead for a third of the hour"


class Thief(Trouble):
    """Somebody took the password out of a branch's cabinet and tries it on the other halls."""
    what = "its broker password is stolen and tried on the other sites' topics"

    def trouble(self):
        import paho.mqtt.client as mqtt
        password = self.city.passwords[self.site.site]
        self.heard, tried = [], 0
        listener = mqtt.Client("thief-listens", protocol=mqtt.MQTTv311)
        listener.username_pw_set(self.site.site, password)
        listener.on_message = lambda _c, _u, m: self.heard.append(m.topic)
        listener.connect("127.0.0.1", self.site.broker.port)
        listener.subscribe([(f"locker/v1/{OPERATOR}/+/evt/#", 1), (f"locker/v1/{OPERATOR}/+/cmd", 1), ("#", 1)])
        listener.loop_start()
        others = [name for name in self.city.names if name != self.site.site]
        for name in others[:8]:
            for topic in ("evt/item", "cmd", "ack", "rsp", "state/presence"):
                self._publish(mqtt, name, topic, password)
                tried += 1
        listener.disconnect()
        listener.loop_stop()
        foreign = [topic for topic in self.heard if f"/{self.site.site}/" not in topic]
        if foreign:
            self.broken.append(f"the thief heard {foreign[:3]}")
        self.told = f"{tried} tries"

    def _publish(self, mqtt, name, topic, password):
        """A client each: the broker ends the connection of one that publishes where it may not."""
        client = mqtt.Client(f"thief-{os.urandom(4).hex()}", protocol=mqtt.MQTTv311)
        client.username_pw_set(self.site.site, password)
        client.connect("127.0.0.1", self.site.broker.port)
        client.loop_start()
        client.publish(f"locker/v1/{OPERATOR}/{name}/{topic}", '{"upTo": 1, "stolen": true}', 1)
        time.sleep(0.05)
        client.disconnect()
        client.loop_stop()


class BrokerDeath(Trouble):
    """Only with branches: the broker of the last one, and with it the network of every site there."""
    what = "the broker of its branch is killed and comes back with an empty memory"

    def trouble(self):
        broker = self.city.branches[-1]
        self.clock.wait_until(0.6)
        broker.stop(signal.SIGKILL)
        self.clock.wait_until(0.7)
        broker.start()
        self.told = "away for a tenth of the hour"


KINDS = (Flood, SuddenDeaths, DeadBoard, Thief)
