"""The brokers that the suite runs against, each a private one on loopback with one and the same face: start, stop, kill,
forget (it loses its disk), port. mosquitto speaks MQTT 5 and 3.1.1, RabbitMQ's plugin of Debian 12 only 3.1.1."""

import os
import shutil
import signal
import socket
import subprocess
import time

NAMES = ("mosquitto", "rabbitmq")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def make(name, folder):
    return {"mosquitto": Mosquitto, "rabbitmq": RabbitMQ}[name](folder)


class Private:
    """What all of them share. A broker's own files are in folder/NAME."""

    speaks_5 = True
    start_s = 10

    def __init__(self, folder):
        self.folder = os.path.join(folder, type(self).__name__.lower())
        os.makedirs(self.folder, exist_ok=True)
        self.port, self.process, self.kills = free_port(), None, 0

    def start(self):
        self.process = self.launch()
        limit = time.monotonic() + self.start_s
        while not self.listens():
            if self.process.poll() is not None or time.monotonic() > limit:
                raise TimeoutError(f"{type(self).__name__} does not come up; see {self.folder}")
            time.sleep(0.02)
        return self

    def listens(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def end(self, how):
        if self.process:
            os.killpg(self.process.pid, how)
            self.process.wait(30)
            self.process = None
            while self.listens():  # the kernel may still be taking it apart
                time.sleep(0.02)

    def stop(self, how=signal.SIGTERM):
        self.end(how)

    def kill(self):
        """As a power cut: no last word, nothing flushed."""
        self.kills += 1
        self.end(signal.SIGKILL)

    def forget(self):
        """Its disk is gone: queues, sessions, retained messages. Not while it runs."""
        shutil.rmtree(self.state(), ignore_errors=True)
        os.makedirs(self.state(), exist_ok=True)

    def close(self):
        self.end(signal.SIGKILL)


class Mosquitto(Private):
    """With persistence, saved after every change: what a kill may cost is what was not saved yet."""

    def state(self):
        return os.path.join(self.folder, "state")

    def launch(self):
        os.makedirs(self.state(), exist_ok=True)
        config = os.path.join(self.folder, "mosquitto.conf")
        with open(config, "w", encoding="utf-8") as f:
            f.write(f"listener {self.port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\nmax_queued_messages 0\n"
                    f"persistence true\npersistence_location {self.state()}/\nautosave_on_changes true\nautosave_interval 100\n"
                    f"log_type error\nuser {self.user()}\n")
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        return subprocess.Popen([program, "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                start_new_session=True)

    @staticmethod
    def user():
        return "root" if os.getuid() == 0 else "mosquitto"


class RabbitMQ(Private):
    """A node of its own: own name, cookie, ports, folders and port mapper; nothing of the system's node is touched."""

    speaks_5 = False
    start_s = 90

    def __init__(self, folder):
        super().__init__(folder)
        self.amqp, self.dist, self.epmd_port = free_port(), free_port(), free_port()
        self.epmd = None

    def state(self):
        return os.path.join(self.folder, "mnesia")

    def environment(self):
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": self.folder, "LANG": "C.UTF-8",
                "ERL_EPMD_PORT": str(self.epmd_port), "ERL_EPMD_ADDRESS": "127.0.0.1",
                "RABBITMQ_NODENAME": f"locker{self.port}@localhost", "RABBITMQ_NODE_PORT": str(self.amqp),
                "RABBITMQ_DIST_PORT": str(self.dist), "RABBITMQ_MNESIA_BASE": self.state(),
                "RABBITMQ_LOG_BASE": os.path.join(self.folder, "log"), "RABBITMQ_CONFIG_FILE": os.path.join(self.folder, "rabbitmq.conf"),
                "RABBITMQ_ENABLED_PLUGINS_FILE": os.path.join(self.folder, "enabled_plugins"),
                "RABBITMQ_PID_FILE": os.path.join(self.folder, "pid"), "RABBITMQ_CONF_ENV_FILE": "/dev/null",
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none"}

    def launch(self):
        for name in ("mnesia", "log"):
            os.makedirs(os.path.join(self.folder, name), exist_ok=True)
        with open(os.path.join(self.folder, "enabled_plugins"), "w", encoding="utf-8") as f:
            f.write("[rabbitmq_mqtt].\n")
        with open(os.path.join(self.folder, "rabbitmq.conf"), "w", encoding="utf-8") as f:
            f.write(f"listeners.tcp.local = 127.0.0.1:{self.amqp}\nmqtt.listeners.tcp.local = 127.0.0.1:{self.port}\n"
                    "mqtt.allow_anonymous = true\nmqtt.prefetch = 200\nmqtt.subscription_ttl = 86400000\n"
                    "loopback_users.guest = true\n")
        if not self.epmd:
            self.epmd = subprocess.Popen(["epmd", "-port", str(self.epmd_port), "-address", "127.0.0.1"],
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return subprocess.Popen([self.program()], env=self.environment(), stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, start_new_session=True)

    @staticmethod
    def program():
        """Not /usr/sbin/rabbitmq-server: that one is for the system's node and goes to its folders."""
        base = "/usr/lib/rabbitmq/lib"
        versions = sorted(os.listdir(base)) if os.path.isdir(base) else []
        if not versions:
            raise FileNotFoundError("RabbitMQ is not installed (scripts/test installs it)")
        return os.path.join(base, versions[-1], "sbin", "rabbitmq-server")

    def close(self):
        super().close()
        if self.epmd:
            self.epmd.kill()
            self.epmd.wait()
            self.epmd = None
