"""What keeps the daemon from starting: configuration errors, damaged databases, a second daemon.

Every refusal names what is wrong and what to do, has its exit code, and leaves everything as it was.
"""
import hashlib
import os
import shutil
import socket
import sqlite3
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bad_case  # noqa: E402
import site_rig  # noqa: E402

GOOD = """[site]
operator = yulin
id = hall-1
[paths]
state_dir = {folder}/state
run_dir = {folder}/run
[fieldbus one]
transport = tcp
host = 127.0.0.1
port = {board}
[bank A]
fieldbus = one
unit = 1
profile = waveshare-relay-8
doors = 8
sizes = S:1-8
[kiosk]
port = {kiosk}
"""

# (what is wrong, how the good text is changed, the line that is named or None for the end of a section, words)
MISTAKES = [
    ("an unknown key", lambda t: t + "prot = 1\n", 19, ["kiosk.prot", "unknown key"]),
    ("an unknown section", lambda t: t + "[kisok]\nport = 1\n", 19, ["kisok"]),
    ("a key twice", lambda t: t.replace("id = hall-1\n", "id = hall-1\nid = hall-2\n"), 4, ["site.id"]),
    ("a number out of range", lambda t: t.replace("unit = 1", "unit = 300"), 13, ["bank A.unit", "300", "1..247"]),
    ("a number that is none", lambda t: t.replace("unit = 1", "unit = one"), 13, ["bank A.unit", "one"]),
    ("a fieldbus that is not there", lambda t: t.replace("fieldbus = one", "fieldbus = two"), 12, ["two"]),
    ("a profile that is not there", lambda t: t.replace("relay-8", "relay-9"), 14, ["waveshare-relay-9", "waveshare"]),
    ("more doors than channels", lambda t: t.replace("doors = 8", "doors = 9"), 15, ["bank A"]),
    ("a door with two sizes", lambda t: t.replace("S:1-8", "S:1-8 M:8"), 16, ["bank A.sizes", "8"]),
    ("a door without a size", lambda t: t.replace("S:1-8", "S:1-7"), 16, ["bank A.sizes", "8"]),
    ("a missing key", lambda t: t.replace("operator = yulin\n", ""), 1, ["site.operator"]),
    ("a host name instead of an address", lambda t: t.replace("127.0.0.1", "board.local"), 9, ["fieldbus one.host"]),
    ("two banks on one address", lambda t: t + "[bank B]\nfieldbus = one\nunit = 1\nprofile = waveshare-relay-8\n"
     "doors = 8\nsizes = S:1-8\n", 21, ["bank B.unit", "bank A"]),
    ("a second name for one board's port", lambda t: t + "[fieldbus two]\ntransport = tcp\nhost = 127.0.0.1\n"
     "port = {board}\n", None, ["fieldbus two", "one"]),
    ("text that is not UTF-8", lambda t: t.replace("hall-1", "hall-\udcff"), 3, ["not UTF-8"]),
    ("a line without end", lambda t: t + "# " + "x" * 400 + "\n", 19, ["long"]),
    ("no section at all", lambda t: "port = 1\n" + t, 1, ["port"]),
    ("keys without effect", lambda t: t + "[uplink]\nurl = mqtt://127.0.0.1\nca = /x.pem\n", 21, ["uplink.ca"]),
]


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def picture(folder):
    """Every file below with its bytes' hash; the lock file is no data."""
    found = {}
    for path, _, names in os.walk(folder):
        for name in names:
            if not name.endswith(".lock"):
                with open(os.path.join(path, name), "rb") as f:
                    found[os.path.relpath(os.path.join(path, name), folder)] = hashlib.sha256(f.read()).hexdigest()
    return found


class Configuration(bad_case.Case):
    """Exit 78, file and line, nothing started."""

    def write(self, change=lambda t: t):
        folder = self.folder()
        self.kiosk, self.board = site_rig.free_port(), site_rig.free_port()
        for name in ("state", "run"):
            os.mkdir(os.path.join(folder, name))
        text = change(GOOD).format(folder=folder, kiosk=self.kiosk, board=self.board)
        path = os.path.join(folder, "lockerd.conf")
        with open(path, "w", encoding="utf-8", errors="surrogateescape") as f:
            f.write(text)
        return folder, path

    def refuse(self, folder, path, place, words, args=()):
        code, said = bad_case.run_lockerd("--config", path, *args)
        self.assertEqual(code, bad_case.EX_CONFIG, said)
        lines = [line for line in said.splitlines() if place in line and all(word in line for word in words)]
        self.assertTrue(lines, f"no line with {place} and {words} in:\n{said}")
        self.assertEqual(picture(os.path.join(folder, "state")) | picture(os.path.join(folder, "run")), {})
        self.assertFalse(listens(self.kiosk), "the kiosk's port is served")

    def test_each_mistake_is_named_with_its_place(self):
        for what, change, line, words in MISTAKES:
            with self.subTest(what):
                folder, path = self.write(change)
                place = f"{path}:{line}:" if line else f"{path}:"
                self.refuse(folder, path, place, words)
                self.refuse(folder, path, place, words, ["--check-config"])

    def test_all_mistakes_in_one_go(self):
        _, path = self.write(lambda t: t.replace("unit = 1", "unit = 300").replace("S:1-8", "S:1-7") + "prot = 1\n")
        code, said = bad_case.run_lockerd("--config", path)
        self.assertEqual(code, bad_case.EX_CONFIG)
        for line in (13, 16, 19):
            self.assertIn(f"{path}:{line}:", said)

    def test_a_drop_in_is_named_itself(self):
        folder, path = self.write()
        os.mkdir(os.path.join(folder, "conf.d"))
        local = os.path.join(folder, "conf.d", "local.conf")
        with open(local, "w", encoding="utf-8") as f:
            f.write("[kiosk]\nport = 8081\n")
        self.refuse(folder, path, f"{local}:2:", ["kiosk.port"])

    def test_no_file_and_wrong_arguments(self):
        code, said = bad_case.run_lockerd("--config", "/nonexistent/lockerd.conf")
        self.assertEqual(code, bad_case.EX_CONFIG, said)
        self.assertIn("/nonexistent/lockerd.conf", said)
        self.assertEqual(bad_case.run_lockerd("--colour")[0], bad_case.EX_USAGE)
        self.assertEqual(bad_case.run_lockerd("extra")[0], bad_case.EX_USAGE)

    def test_a_good_file_is_only_checked(self):
        folder, path = self.write()
        code, said = bad_case.run_lockerd("--config", path, "--check-config")
        self.assertEqual(code, 0, said)
        self.assertIn("8 doors", said)
        self.assertEqual(picture(os.path.join(folder, "state")), {})


class Database(bad_case.Case):
    """Exit 65, a message that says what to do, the files unchanged, no lock moved."""

    @classmethod
    def setUpClass(cls):
        cls.world = bad_case.Case()
        cls.one = cls.world.site()
        cls.world.stock(cls.one, "Y1", "73519264")
        cls.one.until_all_acked()
        assert cls.one.daemon.stop() == 0
        cls.whole = os.path.join(cls.one.folder, "whole")
        shutil.copytree(os.path.join(cls.one.folder, "state"), cls.whole)

    @classmethod
    def tearDownClass(cls):
        cls.world.doCleanups()

    def setUp(self):
        self.state = os.path.join(self.one.folder, "state")
        shutil.rmtree(self.state)
        shutil.copytree(self.whole, self.state)
        self.db, self.key = (os.path.join(self.state, name) for name in ("lockerd.db", "code.key"))

    def refuse(self, *words, code=bad_case.EX_DATAERR):
        before, pulses = picture(self.state), self.pulses(self.one)
        got, said = bad_case.run_lockerd("--config", self.one.config_path)
        self.assertEqual(got, code, said)
        for word in words:
            self.assertIn(word, said)
        self.assertEqual(picture(self.state), before, "a file was changed")
        self.assertEqual(self.pulses(self.one), pulses)
        self.assertFalse(listens(self.one.kiosk_port))

    def overwrite(self, at, data):
        with open(self.db, "r+b") as f:
            f.seek(at)
            f.write(data)

    def test_truncated(self):
        size = os.path.getsize(self.db)
        for keep in (size // 2, size - 4096, 100, 20):
            with self.subTest(keep=keep):
                self.setUp()
                os.truncate(self.db, keep)
                self.refuse(self.db, "Nothing was changed", "backup")

    def test_each_page_zeroed(self):
        pages = os.path.getsize(self.db) // 4096
        self.assertGreater(pages, 10)
        damaged = 0
        for page in range(pages):
            with self.subTest(page=page + 1):
                self.setUp()
                with open(self.db, "rb") as f:
                    f.seek(page * 4096)
                    if not any(f.read(4096)):
                        continue  # a free page, overwritten when it became free: nothing is lost with it
                self.overwrite(page * 4096, bytes(4096))
                self.refuse(self.db, "Nothing was changed", "backup")
                damaged += 1
        self.assertGreater(damaged, pages // 2)

    def test_foreign_files(self):
        with open(self.db, "w", encoding="utf-8") as f:
            f.write("this is a shopping list\n" * 400)
        self.refuse(self.db, "Nothing was changed")
        os.unlink(self.db)
        other = sqlite3.connect(self.db)
        other.execute("CREATE TABLE shopping (what TEXT)")
        other.commit()
        other.close()
        self.refuse(self.db, "Nothing was changed")
        with open(self.db, "wb"):
            pass
        self.refuse(self.db, "Nothing was changed")

    def test_the_database_is_gone_and_its_key_is_there(self):
        os.unlink(self.db)
        self.refuse(self.key)

    def test_the_key(self):
        with open(self.key, encoding="ascii") as f:
            key = f.read()
        os.unlink(self.key)
        self.refuse(self.key, "Nothing was changed")
        for text, mode in ((("0" if key[0] != "0" else "1") + key[1:], 0o600), ("short\n", 0o600), (key, 0o644)):
            with self.subTest(mode=mode, text=text[:5]):
                with open(self.key, "w", encoding="ascii") as f:
                    f.write(text)
                os.chmod(self.key, mode)
                self.refuse(self.key)

    def test_another_sites_and_a_newer_ones(self):
        other = sqlite3.connect(self.db)
        other.execute("UPDATE site SET site = 'hall-2'")
        other.commit()
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        other.close()
        self.refuse("yulin/hall-2", "yulin/hall-1", "Nothing was changed")
        self.setUp()
        other = sqlite3.connect(self.db)
        other.execute("PRAGMA user_version = 99")
        other.commit()
        other.close()
        self.refuse("99", "Nothing was changed")

    def test_a_door_of_an_item_is_no_longer_configured(self):
        with open(self.one.config_path, encoding="utf-8") as f:
            text = f.read()
        self.addCleanup(self.rewrite, text)
        self.rewrite(text.replace("[bank A]", "[bank C]"))
        self.refuse("A01", "Y1", code=bad_case.EX_CONFIG)

    def rewrite(self, text):
        with open(self.one.config_path, "w", encoding="utf-8") as f:
            f.write(text)

    def test_the_whole_one_starts_again(self):
        self.one.start()
        self.assertEqual(self.one.item("Y1")["custody"], "in_locker")
        self.assertEqual(self.one.pickup("73519264"), "A01")
        self.assertEqual(self.one.daemon.stop(), 0)


class Second(bad_case.Case):
    """A second daemon gets exit 75 and does not disturb the first."""

    @classmethod
    def setUpClass(cls):
        cls.world = bad_case.Case()
        cls.one = cls.world.site()

    @classmethod
    def tearDownClass(cls):
        cls.world.doCleanups()

    def second(self, **changes):
        """The first one's configuration with folders and ports of its own, except what `changes` keeps."""
        folder = self.folder()
        with open(self.one.config_path, encoding="utf-8") as f:
            text = f.read()
        for old, new in (("state_dir", f"{folder}/state"), ("run_dir", f"{folder}/run"),
                         ("trace", f"{folder}/trace.log")):
            start = text.index(f"\n{old} = ")
            text = text[:start] + f"\n{old} = {new}" + text[text.index("\n", start + 1):]
        for name in ("state", "run"):
            os.mkdir(os.path.join(folder, name))
        own = {"state_dir": f"{folder}/state", "port": site_rig.free_port()}
        own.update(changes)
        text = text.replace(f"state_dir = {folder}/state", f"state_dir = {own['state_dir']}")
        text = text.replace(f"[kiosk]\nport = {self.one.kiosk_port}", f"[kiosk]\nport = {own['port']}")
        if own.get("tty") is None:
            begin = text.index("[fieldbus RTU]")
            text = text[:begin] + text[text.index("[bank A]"):]
            text = text[:text.index("[bank B]")] + text[text.index("[uplink]"):]
        path = os.path.join(folder, "lockerd.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text + own.get("more", ""))
        return path

    def refuse(self, path, *words):
        pulses = self.pulses(self.one)
        code, said = bad_case.run_lockerd("--config", path)
        self.assertEqual(code, bad_case.EX_TEMPFAIL, said)
        for word in words:
            self.assertIn(word, said)
        self.assertEqual(self.pulses(self.one), pulses)

    def tearDown(self):
        """The first one still does its whole job."""
        name = self.id().rsplit(".", 1)[1]
        code = str(10000000 + int(hashlib.sha256(name.encode()).hexdigest(), 16) % 80000000)
        self.stock(self.one, name[:60], code, size="M")
        self.one.pickup(code)
        self.one.kiosk.press("done")
        self.assertEqual(self.one.sim.line("RTU")["garbled"], 0, "somebody else spoke on the line")

    def test_the_same_configuration(self):
        self.refuse(self.one.config_path, "in use by another process")

    def test_the_same_database(self):
        self.refuse(self.second(state_dir=os.path.join(self.one.folder, "state")), "lockerd.db")

    def test_the_same_line(self):
        self.refuse(self.second(tty=True), "RTU", "another process holds the line")

    def test_the_same_kiosk_port(self):
        self.refuse(self.second(port=self.one.kiosk_port), str(self.one.kiosk_port))

    def test_the_same_admin_socket(self):
        own = os.path.join(self.one.folder, "run", "admin.sock")
        self.refuse(self.second(more=f"[admin]\nsocket = {own}\n"), own, "another process listens there")


if __name__ == "__main__":
    bad_case.main(sys.modules[__name__])
