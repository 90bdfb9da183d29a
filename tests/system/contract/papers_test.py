#!/usr/bin/python3
"""docs/contract holds together: the schemas are made from the page, every message has a valid example and an invalid one, and
the page's events, reasons and commands are those of the program (controller/core/words*.c)."""
import json
import os
import re
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
sys.path[:0] = [os.path.join(ROOT, "tests", "upstream"), os.path.join(ROOT, "scripts", "lib", "contract")]
import contract  # noqa: E402
import examples  # noqa: E402
import schemas  # noqa: E402
import upstream  # noqa: E402
from page import Page  # noqa: E402
from page import words as words_of  # noqa: E402
from jsonschema import Draft7Validator  # noqa: E402

PAGE = Page()
# Words of the core that never leave the machine: what the kiosk and lockerctl say to people.
LOCAL = {"none", "code_malformed", "unknown_barcode", "not_announced", "wrong_site", "disputed", "extend_limit", "misload", "bad_waybill",
         "received", "handed_over", "sent_by_post", "dropoff_off", "sign_in_again", "no_free_door", "backup_failed",
         "not_now", "cancelled_by_person", "bad_request"}


def names_in(file, table):
    with open(os.path.join(ROOT, "controller", "core", file), encoding="utf-8") as f:
        body = f.read().split(f"const {table}[] = {{", 1)[1].split("};", 1)[0]
    return set(re.findall(r'= "([^"]+)"', body))


def invalid_of(name):
    with open(os.path.join(PAGE.folder, "examples", "invalid", name + ".json"), encoding="utf-8") as f:
        return json.load(f)


class Papers(unittest.TestCase):
    def test_schemas_and_document_are_made_from_the_page(self):
        made = subprocess.run([os.path.join(ROOT, "scripts", "contract"), "--check"], capture_output=True, text=True)
        self.assertEqual(made.returncode, 0, made.stderr)

    def test_every_message_has_a_schema_and_examples_that_keep_to_it(self):
        published = contract.load()
        valid = examples.valid(PAGE)
        self.assertEqual(set(published), set(valid))
        for name, schema in published.items():
            with self.subTest(name):
                Draft7Validator.check_schema(schema)
                wrong = invalid_of(name)
                self.assertTrue(wrong["why"])
                for reading in (schema, contract.strict(schema)):
                    self.assertEqual([e.message for e in Draft7Validator(reading).iter_errors(valid[name])], [])
                    errors = list(Draft7Validator(reading).iter_errors(wrong["message"]))
                    self.assertTrue(errors, f"{name}: the wrong one passes ({wrong['why']})")

    def test_every_answer_on_the_page_is_one(self):
        judge = Draft7Validator(contract.strict(contract.load()["answer"]))
        for name in ("rsp-announce", "rsp-open", "rsp-refused", "rsp-status"):
            self.assertEqual([e.message for e in judge.iter_errors(PAGE.example(name))], [], name)
        presence = Draft7Validator(contract.strict(contract.load()["presence"]))
        for name in ("presence-online", "presence-offline", "presence-stopped"):
            self.assertEqual([e.message for e in presence.iter_errors(PAGE.example(name))], [], name)

    def test_new_members_and_words_break_nobody_but_our_tests(self):
        event = examples.valid(PAGE)["event.item.updated"]
        newer = {**event, "later": 1, "data": {**event["data"], "reason": "a_later_word", "colour": "red"}}
        schema = contract.load()["event.item.updated"]
        self.assertEqual(list(Draft7Validator(schema).iter_errors(newer)), [])
        self.assertEqual(len(list(Draft7Validator(contract.strict(schema)).iter_errors(newer))), 3)

    def test_the_page_knows_the_programs_words(self):
        self.assertEqual(set(PAGE.events), names_in("words.c", "event_type_names"))
        self.assertEqual(set(schemas.COMMANDS), names_in("words_step.c", "command_names"))
        self.assertEqual(set(examples.COMMAND_FILES), set(schemas.COMMANDS))
        words = names_in("words.c", "reason_names")
        self.assertEqual(set(PAGE.reasons) - words, set(), "the page names what the program does not say")
        self.assertEqual(words - set(PAGE.reasons) - LOCAL, set(), "the program says what the page does not name")
        self.assertEqual(LOCAL & set(PAGE.reasons), set(), "on the page after all")

    def test_every_list_on_the_page_is_the_programs(self):
        never_told = {"system", "none", "pending", "already_open", "custodies", "states", "qualities", "reports", "proofs"}
        for field, table in (("to", "custody_names"), ("purpose", "purpose_names"), ("outcome", "outcome_names"), ("actor", "actor_names"),
                             ("via", "channel_names"), ("proof", "proof_names"), ("clock", "clock_quality_names")):
            with self.subTest(field):
                self.assertEqual(set(words_of(PAGE.fields[field][0])), names_in("words.c", table) - never_told)

    def test_the_status_codes_are_those_of_the_example(self):
        """A row for each event about an item, and the same codes as in the configuration that ships."""
        with open(os.path.join(PAGE.folder, "status-codes.md"), encoding="utf-8") as f:
            rows = re.findall(r"^\| `(item\.\w+)` \| (?:`(\w+)`|-) \|", f.read(), re.M)
        self.assertEqual([event for event, _ in rows], list(dict.fromkeys(event for event, _ in rows)))
        self.assertEqual({event for event, _ in rows}, {name for name in PAGE.events if name.startswith("item.")})
        with open(os.path.join(ROOT, "packaging", "examples", "hall-upu.conf"), encoding="utf-8") as f:
            shipped = dict(re.findall(r"^(item\.\w+) = (\w+)$", f.read(), re.M))
        self.assertEqual({event: code for event, code in rows if code}, shipped)

    def test_only_events_about_items_have_a_postal_status(self):
        for name, schema in contract.load().items():
            if name.startswith("event."):
                with self.subTest(name):
                    given = {**examples.valid(PAGE)[name], "postalstatus": "EDH"}
                    wrong = list(Draft7Validator(contract.strict(schema)).iter_errors(given))
                    self.assertEqual(not wrong, name.startswith("event.item."))

    def test_the_sealed_example_opens_with_the_key_beside_it(self):
        from cryptography.hazmat.primitives.asymmetric import ec
        jwk = PAGE.example("seal-key-private")
        seal = upstream.Seal("nowhere", jwk["kid"])
        seal.keys.private = ec.derive_private_key(int.from_bytes(upstream.unb64url(jwk["d"]), "big"), ec.SECP256R1())
        self.assertEqual({k: seal.keys.public_jwk()[k] for k in ("x", "y")}, {k: jwk[k] for k in ("x", "y")})
        answer = PAGE.example("rsp-sealed")
        inside = seal.open(answer["sealed"])
        self.assertEqual((inside["jti"], inside["item_id"]), (answer["id"], "case-2026-0001"))
        self.assertIn("`" + json.dumps(inside, separators=(",", ":"), ensure_ascii=False) + "`", PAGE.text)
        before, tag = answer["sealed"].rsplit(".", 1)
        touched = before + "." + ("A" if tag[0] != "A" else "B") + tag[1:]
        self.assertRaises(ValueError, seal.open, touched)

    def test_the_judge_finds_what_is_wrong(self):
        judge, valid = contract.Judge(), examples.valid(PAGE)
        good = json.dumps(valid["event.item.rated"]).encode()
        judge.message("evt/item", good)
        judge.message("state/health", json.dumps(valid["health"]).encode(), True)
        judge.message("state/presence", b"", True)
        self.assertEqual(judge.faults, [])
        wrong = [("evt/door", good, False), ("evt/item", good, True), ("evt/item", b"{", False), ("elsewhere", b"{}", False),
                 ("evt/item", good.replace(b"item.rated", b"item.gone"), False), ("evt/item", b"[1]", False),
                 ("evt/item", json.dumps(invalid_of("event.item.rated")["message"]).encode(), False)]
        for n, one in enumerate(wrong, 1):
            judge.message(*one)
            self.assertEqual(len(judge.faults), n, one)


if __name__ == "__main__":
    unittest.main()
