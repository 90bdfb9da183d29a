#!/usr/bin/python3
"""The reference upstream's books: what follows from events and what does not."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import upstream  # noqa: E402


class Books(unittest.TestCase):
    def setUp(self):
        self.books, self.seq = upstream.Books(), 0

    def event(self, name, epoch="e1", was=None, **data):
        self.seq += 1
        if was:
            data["from"] = was
        self.books.take({"epoch": epoch, "seq": self.seq, "type": f"locker.{name}.v1", "data": data})

    def birth(self, item):
        self.event("item.expected", item=item, to="expected")

    def test_custody_follows_the_events(self):
        self.birth("X1")
        self.birth("X2")
        self.event("item.transferred", item="X1", was="expected", to="at_window")
        self.event("item.updated", item="X1", reason="details_changed", via="post")
        self.event("item.collected", item="X1", was="at_window", to="collected", via="window")
        self.event("item.erased", item="X1")
        self.assertEqual(self.books.faults, [])
        self.assertEqual(self.books.where, {"X1": "collected", "X2": "expected"})
        self.assertEqual(self.books.collected_via, {"X1": "window"})
        self.assertEqual({k: n for k, n in self.books.sums().items() if n}, {"expected": 1, "collected": 1})

    def test_a_change_from_elsewhere_is_a_fault(self):
        self.birth("X1")
        self.event("item.collected", item="X1", was="in_locker", to="collected", via="locker")
        self.assertEqual(len(self.books.faults), 1)
        self.assertIn("seq 2", self.books.faults[0])

    def test_a_second_birth_is_a_fault(self):
        self.birth("X1")
        self.birth("X1")
        self.assertEqual(len(self.books.faults), 1)

    def test_a_strange_place_is_a_fault(self):
        self.birth("X1")
        self.event("item.deposited", item="X1", was="expected", to="on_the_roof")
        self.assertEqual(len(self.books.faults), 1)

    def test_erased_before_its_end_is_a_fault(self):
        self.birth("X1")
        self.event("item.erased", item="X1")
        self.assertEqual(len(self.books.faults), 1)

    def test_a_new_database_begins_new_books(self):
        self.birth("X1")
        self.event("item.expected", epoch="e2", item="X1", to="expected")
        self.assertEqual((self.books.faults, self.books.where), ([], {"X1": "expected"}))


class CommandLine(unittest.TestCase):
    def of(self, line):
        return upstream.command_of(upstream.parse(["--operator", "o", "--site", "s", *line.split()]))

    def test_commands_become_their_arguments(self):
        self.assertEqual(self.of("announce X1 --phone 13800138000 --item-site hall-2 --low-reach"),
                         ("item.announce", {"item_id": "X1", "phone": "13800138000", "site": "hall-2", "low_reach": True}))
        self.assertEqual(self.of("transfer X1 post --waybill 109"),
                         ("item.transfer", {"item_id": "X1", "to": "post", "waybill": "109"}))
        self.assertEqual(self.of("extend X1 --days 3"), ("item.extend", {"item_id": "X1", "days": 3}))
        self.assertEqual(self.of("delivered X1 --undeliverable"),
                         ("item.delivered", {"item_id": "X1", "undeliverable": True}))
        self.assertEqual(self.of("status"), ("status.get", {}))


if __name__ == "__main__":
    unittest.main()
