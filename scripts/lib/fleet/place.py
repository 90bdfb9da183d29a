"""A city of lockers on this machine: one broker with a user and rights for each site, one office, many sites."""

import os
import secrets
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".."))
sys.path[:0] = [os.path.join(ROOT, "tests", "system"), os.path.join(ROOT, "tests", "upstream")]
import site_rig  # noqa: E402
import upstream  # noqa: E402
from office import Office  # noqa: E402

OPERATOR, DOORS = site_rig.OPERATOR, 16
COURIER, PIN = "1001", "2468"

# A site reaches its own topics and no others; %u is the user name, which is the site's id.
ACL = f"""user office
topic write locker/v1/{OPERATOR}/+/cmd
topic write locker/v1/{OPERATOR}/+/ack
topic read locker/v1/{OPERATOR}/+/evt/#
topic read locker/v1/{OPERATOR}/+/state/#
topic read locker/v1/{OPERATOR}/+/rsp
topic read $SYS/#
pattern write locker/v1/{OPERATOR}/%u/evt/#
pattern write locker/v1/{OPERATOR}/%u/state/#
pattern write locker/v1/{OPERATOR}/%u/rsp
pattern read locker/v1/{OPERATOR}/%u/cmd
pattern read locker/v1/{OPERATOR}/%u/ack
"""


# What passes between a branch's broker and the centre's. 3.1.1, since mosquitto's bridges lose messages over 5.
BRIDGE = f"""connection centre
address 127.0.0.1:{{port}}
bridge_protocol_version mqttv311
remote_clientid {{name}}
remote_username {{name}}
remote_password {{password}}
cleansession false
notifications false
restart_timeout 1 2
topic locker/v1/{OPERATOR}/+/evt/# out 1
topic locker/v1/{OPERATOR}/+/state/# out 1
topic locker/v1/{OPERATOR}/+/rsp out 1
topic locker/v1/{OPERATOR}/+/cmd in 1
topic locker/v1/{OPERATOR}/+/ack in 1
"""
# The centre trusts a branch's broker with the topics of all sites: it is the branch that tells its sites apart.
BRANCH_RIGHTS = f"""user {{name}}
topic write locker/v1/{OPERATOR}/+/evt/#
topic write locker/v1/{OPERATOR}/+/state/#
topic write locker/v1/{OPERATOR}/+/rsp
topic read locker/v1/{OPERATOR}/+/cmd
topic read locker/v1/{OPERATOR}/+/ack
"""


def private(path, text):
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
        f.write(text)
    return path


class City:
    """names: the ids of the sites. branches: so many brokers between them and the centre's, 0: none. start() brings
    everything up; close() ends it all. Nothing outside `folder` is touched."""

    def __init__(self, build, names, folder, branches=0):
        self.build, self.folder, self.names = build, folder, names
        self.branch_names = [f"branch-{i + 1}" for i in range(branches)]
        self.passwords = {name: secrets.token_urlsafe(12) for name in [*names, *self.branch_names, "office"]}
        self.keys = upstream.Keys(os.path.join(folder, "keys")).load()
        self.broker = self.office = None
        self.branches, self.sites = [], {}

    def _make_broker(self, name, acl, more=""):
        folder = os.path.join(self.folder, name)
        os.makedirs(folder)
        table = private(os.path.join(folder, "passwords"),
                        "".join(f"{user}:{password}\n" for user, password in self.passwords.items()))
        subprocess.run(["mosquitto_passwd", "-U", table], check=True)
        rights = private(os.path.join(folder, "acl"), acl)
        user = "root" if os.getuid() == 0 else "mosquitto"
        return site_rig.Broker(folder, f"allow_anonymous false\npassword_file {table}\nacl_file {rights}\nsys_interval 1\n"
                                       f"user {user}\n{more}")

    def _make_brokers(self):
        self.broker = self._make_broker("centre", ACL + "".join(BRANCH_RIGHTS.format(name=n) for n in self.branch_names))
        for name in self.branch_names:
            bridge = BRIDGE.format(port=self.broker.port, name=name, password=self.passwords[name])
            self.branches.append(self._make_broker(name, ACL, bridge))

    def broker_of(self, number):
        """The broker that this site connects to."""
        return self.branches[number % len(self.branches)] if self.branches else self.broker

    def _make_site(self, number):
        name = self.names[number]
        folder = os.path.join(self.folder, name)
        os.makedirs(folder)
        secret = private(os.path.join(folder, "broker-password"), self.passwords[name] + "\n")
        line = "rtu" if number % 3 == 2 else "tcp"  # every third hall has a serial line
        return site_rig.Site(self.build, banks={"A": {"line": line, "doors": DOORS, "unit": 1}}, sizes="S:1-12 M:13-14 L:15-16",
                             folder=folder, site=name, broker=self.broker_of(number), postal=self.office.site(name), keys=self.keys,
                             uplink=f"username = {name}\npassword_file = {secret}\nkeepalive_s = 20\n")

    def start(self, told=lambda text: None):
        self._make_brokers()
        self.office = Office(OPERATOR, self.keys, self.broker.port, username="office",
                             password=self.passwords["office"])
        for name in self.names:
            self.office.site(name)
        self.office.connect()
        for number, name in enumerate(self.names):  # by this thread: the simulators end with the one that started them
            self.sites[name] = self._make_site(number)
            self.sites[name].hire(COURIER, PIN)
            told(f"{len(self.sites)} of {len(self.names)} sites are up")
        return self

    def close(self):
        problems = []
        for site in self.sites.values():
            problems += site.close()
        if self.office:
            self.office.close()
        for broker in [*self.branches, self.broker]:
            if broker:
                broker.stop()
        return problems


class Folder:
    """Everything of one run, the simulators' folders included. Goes away at the end unless it is kept."""

    def __init__(self):
        self.before = tempfile.tempdir
        self.path = tempfile.mkdtemp(prefix="lockerd-fleet-")
        tempfile.tempdir = self.path

    def close(self, keep):
        import shutil
        tempfile.tempdir = self.before
        if not keep:
            shutil.rmtree(self.path, ignore_errors=True)
