#!/usr/bin/python3
"""include_arrows.py finds what it is there to find: each violation planted into a small lawful tree."""

import os
import subprocess
import sys
import tempfile
import unittest

TOOL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "include_arrows.py")
LAWFUL = {
    "hal/base/text.c": '#include "base/text.h"\n#include <string.h>\n',
    "hal/base/include/base/text.h": "#include <stdbool.h>\n",
    "hal/base/include/base/log.h": "#include <stdint.h>\n",
    "hal/include/hal/fieldbus_linux.h": '#include "hal/fieldbus.h"\n',
    "hal/include/hal/fieldbus.h": "#include <stdint.h>\n",
    "hal/linux/fieldbus_modbus.c": "#include <modbus.h>\n",
    "hal/linux/input_linux.c": "#include <libevdev/libevdev.h>\n",
    "drivers/lockbank.c": '#include "hal/fieldbus.h"\n#include "bank_private.h"\n',
    "drivers/bank_private.h": '#include "drivers/lockbank.h"\n',
    "controller/core/door.c": '#include "machine.h"\n#include "base/text.h"\n',
    "controller/core/machine.h": '#include "core/step.h"\n',
    "controller/store/sql.c": '#include <sqlite3.h>\n#include "core/state.h"\n',
    "controller/uplink/mqtt.c": "#include <MQTTAsync.h>\n",
    "controller/face/face.c": '#include "catalogue/catalogue.h"\n#include <event2/event.h>\n',
    "controller/app/main.c": '#include "base/log.h"\n#include "hal/fieldbus_linux.h"\n#include "store/store.h"\n',
    "controller/app/engine.c": '#include "base/log.h"\n#include "drivers/lockbank.h"\n',
    "controller/commission/com.c": '#include "commission/commission.h"\n#include "drivers/lockbank.h"\n',
    "controller/ctl/cmd_commission.c": '#include "commission/commission.h"\n#include "hal/fieldbus_linux.h"\n',
    "controller/ctl/ctl.c": '#include "catalogue/catalogue.h"\n#include <jansson.h>\n',
}
LONG_FUNCTION = "void f(void)\n{\n" + "    g();\n" * 80 + "}\n"

# What is planted where, and what has to be said about it.
PLANTED = [
    ("controller/core/door.c", '#include "store/store.h"\n', "controller/core must not use"),
    ("controller/core/door.c", '#include "hal/fieldbus.h"\n', "controller/core must not use"),
    ("controller/core/door.c", "#include <time.h>\n", "controller/core must not use <time.h>"),
    ("controller/core/door.c", "#include <stdlib.h>\n", "controller/core must not use <stdlib.h>"),
    ("controller/core/door.c", '  #  include "base/log.h"\n', "logs"),
    ("controller/core/door.c", '#include "bank_private.h"\n', "private to drivers"),
    ("controller/core/door.c", '#include "../store/sql.h"\n', "climbs"),
    ("hal/base/text.c", '#include "core/words.h"\n', "hal/base must not use"),
    ("hal/base/text.c", "#include <jansson.h>\n", "hal/base must not use"),
    ("hal/linux/fieldbus_modbus.c", '#include "drivers/lockbank.h"\n', "hal must not use"),
    ("drivers/lockbank.c", '#include "core/state.h"\n', "drivers must not use"),
    ("drivers/lockbank.c", '#include "base/log.h"\n', "logs"),
    ("drivers/lockbank.c", '#include "hal/fieldbus_linux.h"\n', "pick a backend"),
    ("controller/app/engine.c", '#include "hal/fieldbus_linux.h"\n', "pick a backend"),
    ("controller/app/engine.c", '#include "hal/fieldbus_sim.h"\n', "pick a backend"),
    ("controller/app/engine.c", "#include <sqlite3.h>\n", "belongs to controller/store"),
    ("controller/store/sql.c", '#include "uplink/uplink.h"\n', "controller/store must not use"),
    ("controller/uplink/mqtt.c", '#include "store/log.h"\n', "controller/uplink must not use"),
    ("controller/face/face.c", '#include "store/find.h"\n', "controller/face must not use"),
    ("controller/ctl/ctl.c", '#include "core/words.h"\n', "controller/ctl must not use"),
    ("controller/ctl/ctl.c", '#include "drivers/lockbank.h"\n', "controller/ctl must not use"),
    ("controller/ctl/ctl.c", '#include "hal/fieldbus.h"\n', "controller/ctl must not use"),
    ("controller/ctl/ctl.c", '#include "hal/fieldbus_linux.h"\n', "pick a backend"),
    ("controller/ctl/cmd_commission.c", '#include "hal/serial_linux.h"\n', "controller/ctl must not use"),
    ("controller/commission/com.c", '#include "hal/fieldbus_linux.h"\n', "pick a backend"),
    ("controller/commission/com.c", '#include "core/state.h"\n', "controller/commission must not use"),
    ("controller/commission/com.c", '#include "store/store.h"\n', "controller/commission must not use"),
    ("controller/commission/com.c", '#include "base/log.h"\n', "logs"),
    ("controller/core/door.c", '#include "commission/known.h"\n', "controller/core must not use"),
    ("controller/app/engine.c", '#include "commission/known.h"\n', "controller/app must not use"),
    ("hal/linux/second.c", "#include <modbus.h>\n", "included by 2 files"),
    ("drivers/lockbank.c", "#include <modbus.h>\n", "belongs to hal/linux"),
    ("hal/linux/second.c", "#include <libevdev/libevdev.h>\n", "included by 2 files"),
    ("drivers/lockbank.c", "#include <libevdev/libevdev-uinput.h>\n", "belongs to hal/linux"),
    ("controller/uplink/second.c", "#include <MQTTAsync.h>\n", "included by 2 files"),
    ("controller/elsewhere/new.c", "int x;\n", "no known folder"),
    ("controller/core/long.c", "int x;\n" * 601, "601 lines"),
    ("controller/core/long.c", LONG_FUNCTION, "a function of 82 lines"),
]


def run(tree):
    with tempfile.TemporaryDirectory() as root:
        for path, text in tree.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as f:
                f.write(text)
        done = subprocess.run([sys.executable, TOOL, root], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout


class Arrows(unittest.TestCase):
    def test_a_lawful_tree_is_clean(self):
        code, out = run(LAWFUL)
        self.assertEqual(code, 0, out)

    def test_each_planted_violation_is_found_alone(self):
        for path, text, said in PLANTED:
            with self.subTest(path=path, text=text[:40]):
                tree = dict(LAWFUL)
                tree[path] = tree.get(path, "") + text
                code, out = run(tree)
                lines = out.splitlines()[:-1]
                self.assertEqual(code, 1, out)
                self.assertTrue(any(said in line for line in lines), out)
                self.assertTrue(all(path in line or "included by" in line for line in lines), out)

    def test_a_missing_library_file_is_found(self):
        tree = {k: v for k, v in LAWFUL.items() if k != "hal/linux/fieldbus_modbus.c"}
        code, out = run(tree)
        self.assertEqual(code, 1)
        self.assertIn("<modbus.h> is included by 0 files", out)

    def test_an_empty_tree_is_no_success(self):
        code, _ = run({"README": "nothing\n"})
        self.assertEqual(code, 1)


if __name__ == "__main__":
    unittest.main()
