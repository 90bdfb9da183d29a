#!/usr/bin/python3
"""The whole life of an item at the kiosk, through the whole daemon: what is typed and scanned on each new screen reaches
the core as what the screen asks for, and people are told the truth about the office's windows.

    bad_life.py --build BUILD
"""

import datetime
import os
import sys
import time

import bad_case
from site_rig import until

SHANGHAI = datetime.timezone(datetime.timedelta(hours=8))


PHONE = "13912345678"
CODE, OTHER_CODE = "73519264", "82640719"


class Routes(bad_case.Case):
    """Each screen's typing and scanning, by the same HTTP as the page."""

    def assert_ok(self, answer):
        self.assertEqual((answer["result"], answer["reason"]), ("ok", "none"))

    def assert_refused(self, answer, reason):
        self.assertEqual((answer["result"], answer["reason"]), ("refused", reason))

    def stocked(self, one, item, code, **args):
        return self.stock(one, item, code, phone=PHONE, **args)

    def clerk(self, one, role="clerk"):
        one.hire("2001", bad_case.PIN, role)
        one.sign_in("2001", bad_case.PIN)

    def no_secret(self, one, *secrets):
        """Law 12: in no event, no log line and no line of the trace."""
        with open(os.path.join(one.folder, "trace.log"), encoding="utf-8") as f:
            said = f.read() + one.daemon.log() + str(one.events)
        for secret in secrets:
            self.assertNotIn(secret, said)

    def test_second_factor(self):
        one = self.site()
        door = self.stocked(one, "Y1", CODE, second_factor=True)
        pulses = self.pulses(one)
        self.assert_ok(one.kiosk.code(CODE))
        self.assertTrue(one.kiosk.until("second")["tail"])
        self.assert_refused(one.kiosk.code("0000"), "wrong_tail")
        self.assertEqual(self.pulses(one), pulses)
        self.assertEqual(one.kiosk.view()["tries_left"], 4)
        one.kiosk.until("notice", reason="wrong_tail")
        one.kiosk.press("done")
        self.assert_ok(one.kiosk.code(CODE))
        one.kiosk.until("second")
        self.assert_ok(one.kiosk.code(PHONE[-4:]))
        self.assertEqual(one.kiosk.until("take")["door"], door)
        one.sim.ask("door", door=door, action="take")
        one.shut(door)
        one.until_event("item.collected", item="Y1")
        self.end(one)
        self.no_secret(one, CODE, PHONE)

    def test_two_items_of_one_code(self):
        one = self.site()
        first, second = self.stocked(one, "Y1", CODE), self.stocked(one, "Y2", CODE)
        self.assertEqual(one.pickup(CODE), first)
        self.assertEqual(one.kiosk.view()["more"], 1)
        self.assert_ok(one.kiosk.press("next"))
        self.assertEqual(one.kiosk.until("take")["door"], second)
        one.sim.ask("door", door=second, action="take")
        one.shut(second)
        self.assertEqual(one.kiosk.until("taken", door=second)["more"], 0)
        self.assertNotIn("next", one.kiosk.view()["buttons"])
        one.until_event("item.collected", item="Y2")
        self.end(one)

    def test_hand_over(self):
        one = self.site()
        for item, code, token in (("Y1", CODE, None), ("Y2", OTHER_CODE, "q4Zt8Hn2Lw6Xc0Vb5Ms9Yk"), ("Y3", "11223344", None)):
            self.assertEqual(one.announce(item, code, token, phone=PHONE)["result"], "ok")
        self.clerk(one)
        self.assert_ok(one.kiosk.press("window"))
        for item, prove, proof in (("Y1", lambda: one.kiosk.code(CODE), "code"),
                                   ("Y2", lambda: one.kiosk.scan("q4Zt8Hn2Lw6Xc0Vb5Ms9Yk"), "code"),
                                   ("Y3", lambda: one.kiosk.code(PHONE[-4:]), "phone_tail")):
            self.assert_ok(one.kiosk.scan(item))
            self.assertEqual(one.kiosk.until("window_item")["custody"], "expected")
            self.assert_ok(one.kiosk.press("receive"))
            one.until_event("item.transferred", item=item, to="at_window")
            one.kiosk.press("done")
            self.assert_ok(one.kiosk.scan(item))
            self.assertEqual(one.kiosk.until("window_item")["custody"], "at_window")
            self.assert_ok(one.kiosk.press("hand_over"))
            self.assertTrue(one.kiosk.until("hand_over")["tail"])
            self.assert_refused(one.kiosk.code("99999999"), "wrong_code")
            self.assert_refused(one.kiosk.scan(bad_case.STAFF), "wrong_code")
            self.assert_ok(prove())
            one.until_event("item.collected", item=item, via="window", proof=proof)
            one.kiosk.press("done")
        one.kiosk.press("sign_out")
        self.end(one)
        self.no_secret(one, CODE, OTHER_CODE, "11223344", PHONE, "q4Zt8Hn2Lw6Xc0Vb5Ms9Yk")

    def test_receipt_of_a_bulk_round(self):
        one = self.site()
        one.hire(bad_case.STAFF, bad_case.PIN)
        for n in range(3):
            self.assertEqual(one.announce(f"Y{n}", f"7351926{n}")["result"], "ok")
        one.sign_in(bad_case.STAFF, bad_case.PIN)
        self.assertEqual(one.kiosk.receipt()["reason"], "not_allowed")
        one.kiosk.press("deposit")
        doors = [one.deposit(f"Y{n}") for n in range(3)]
        self.assertEqual(one.kiosk.view()["placed"], 3)
        one.kiosk.press("back")
        self.assert_ok(one.kiosk.press("receipt"))
        one.kiosk.until("receipt")
        rows = one.kiosk.receipt()
        self.assertEqual([(row["item"], row["door"], row["size"]) for row in rows["items"]],
                         [(f"Y{n}", doors[n], "S") for n in range(3)])
        self.assertFalse(rows["more"])
        one.kiosk.press("sign_out")
        self.assertEqual(one.kiosk.receipt()["reason"], "not_allowed")
        one.sign_in(bad_case.STAFF, bad_case.PIN)  # another round: nothing of the last one
        self.assertNotIn("receipt", one.kiosk.view()["buttons"])
        one.kiosk.press("sign_out")
        self.end(one)

    def test_round_in_walking_order(self):
        one = self.site()
        doors = {item: self.stocked(one, item, code) for item, code in (("Y1", CODE), ("Y2", OTHER_CODE), ("Y3", "11223344"))}
        for item in ("Y3", "Y1"):
            self.assertEqual(one.postal.command("item.cancel", {"item_id": item})["result"], "ok")
        self.clerk(one, "supervisor")
        self.assert_ok(one.kiosk.press("recall"))
        rows = one.kiosk.recalls()["items"]
        self.assertEqual({row["item"]: row["due"] for row in rows}, {"Y1": True, "Y2": False, "Y3": True})
        one.kiosk.press("back")
        self.assert_ok(one.kiosk.press("round"))
        self.assertTrue(one.kiosk.until("recall_list")["round"])
        rows = one.kiosk.recalls()["items"]
        self.assertEqual([row["item"] for row in rows], sorted(("Y1", "Y3"), key=doors.get))
        self.assertTrue(all(row["due"] and row["cancelled"] for row in rows))
        self.assert_ok(one.kiosk.press("recall_item", item=rows[0]["item"]))
        for n, row in enumerate(rows):
            self.assertEqual(one.kiosk.until("recall_take")["door"], row["door"])
            one.sim.ask("door", door=row["door"], action="take")
            one.shut(row["door"])
            one.kiosk.until("recall_taken", door=row["door"])
            if n + 1 < len(rows):
                self.assert_ok(one.kiosk.press("next"))
        one.kiosk.press("next")
        one.kiosk.until("recall_list")
        self.assertEqual(one.kiosk.recalls()["items"], [])
        one.kiosk.press("sign_out")
        self.end(one)

    def test_more_time_and_a_rating(self):
        one = self.site(more="[pickup]\nrating = yes\nextend_days = 4\n")
        self.stocked(one, "Y1", CODE)
        self.assert_ok(one.kiosk.press("more_time"))
        one.kiosk.until("extend")
        self.assert_ok(one.kiosk.code(CODE))
        one.until_event("item.updated", item="Y1", reason="extended")
        one.kiosk.press("done")
        one.kiosk.until("home")
        self.assert_ok(one.kiosk.press("more_time"))
        self.assert_refused(one.kiosk.code(CODE), "extend_limit")
        one.kiosk.press("done")
        one.kiosk.until("home")
        one.pickup(CODE)
        self.assert_ok(one.kiosk.press("rate", rating=4))
        one.until_event("item.rated", item="Y1", rating=4)
        self.assert_refused(one.kiosk.press("rate", rating=5), "not_now")
        self.end(one)

    def test_drop_off(self):
        one = self.site(more="[dropoff]\nenabled = yes\n")
        self.stocked(one, "Y1", CODE)
        self.assert_ok(one.kiosk.press("drop_off"))
        one.kiosk.until("drop_case")
        for typed in (CODE, "00000001"):  # somebody's code, or nobody's: the answer must not tell which (laws 8 and 12)
            self.assert_refused(one.kiosk.code(typed), "bad_argument")
            self.assert_refused(one.kiosk.scan(typed), "bad_argument")
        one.kiosk.until("drop_case")
        self.assert_ok(one.kiosk.scan("610800-2026-7"))
        one.kiosk.until("drop_size")
        self.assert_ok(one.kiosk.press("size", size="S"))
        door = one.kiosk.until("drop_put")["door"]
        one.sim.ask("door", door=door, action="put", item="papers")
        one.shut(door)
        receipt = one.kiosk.until("drop_placed")["receipt"]
        self.assertRegex(receipt, r"^D\d{9}$")
        self.assertEqual(one.until_event("item.expected", item=receipt)["data"]["case"], "610800-2026-7")
        one.until_event("item.deposited", item=receipt)
        self.end(one)
        self.no_secret(one, CODE)

    def test_to_the_post_with_a_waybill(self):
        one = self.site()
        door = self.stocked(one, "Y1", CODE)
        one.sign_in(bad_case.STAFF, bad_case.PIN)
        self.assert_ok(one.kiosk.press("recall"))
        self.assert_ok(one.kiosk.press("recall_post"))
        self.assertTrue(one.kiosk.until("recall_list")["post"])
        pulses = self.pulses(one)
        self.assert_ok(one.kiosk.press("recall_item", item="Y1"))
        one.kiosk.until("waybill")
        for wrong in (CODE, "two words", "x" * 33):
            self.assert_refused(one.kiosk.scan(wrong), "bad_waybill")
        self.assertEqual(self.pulses(one), pulses)
        self.assert_ok(one.kiosk.scan("EMS1234567890"))
        self.assertEqual(one.kiosk.until("recall_take")["door"], door)
        one.sim.ask("door", door=door, action="take")
        one.shut(door)
        one.until_event("item.transferred", item="Y1", to="with_courier", waybill="EMS1234567890")
        one.kiosk.until("recall_taken")
        one.kiosk.press("sign_out")
        self.end(one)
        self.no_secret(one, CODE, PHONE)

    def test_items_of_one_case_lie_together(self):
        one = self.site()
        door = self.stocked(one, "Y1", CODE, case="610800-7")
        for item, case in (("Y2", "610800-7"), ("Y3", "610800-8")):
            self.assertEqual(one.announce(item, CODE, phone=PHONE, case=case)["result"], "ok")
        one.sign_in(bad_case.STAFF, bad_case.PIN)
        one.kiosk.press("deposit")
        self.assert_ok(one.kiosk.scan("Y3"))
        self.assertEqual(one.kiosk.until("size")["join"], "")
        one.kiosk.press("back")
        self.assert_ok(one.kiosk.scan("Y2"))
        self.assertEqual(one.kiosk.until("size")["join"], door)
        self.assert_ok(one.kiosk.press("join"))
        one.kiosk.until("put", door=door)
        one.shut(door)  # the cabinet's model knows one thing in a compartment; it lies there already
        one.kiosk.until("placed", door=door)
        one.kiosk.press("sign_out")
        self.assertEqual(one.pickup(CODE), door)
        for item in ("Y1", "Y2"):
            one.until_event("item.collected", item=item)
        self.end(one)

    def test_misload_check(self):
        one = self.site(more="[deposit]\nmisload_check = yes\n")
        one.hire(bad_case.STAFF, bad_case.PIN)
        for n in range(2):
            self.assertEqual(one.announce(f"Y{n}", f"7351926{n}")["result"], "ok")
        one.sign_in(bad_case.STAFF, bad_case.PIN)
        one.kiosk.press("deposit")
        self.assert_ok(one.kiosk.scan("Y0"))
        self.assert_ok(one.kiosk.press("size", size="S"))
        door = one.kiosk.until("put")["door"]
        one.sim.ask("door", door=door, action="put", item="Y0")
        self.assert_refused(one.kiosk.scan("Y1"), "misload")
        one.kiosk.until("put", door=door, reason="misload")
        self.assert_ok(one.kiosk.scan("Y0"))
        one.shut(door)
        one.kiosk.until("placed", door=door)
        one.kiosk.press("sign_out")
        self.end(one)

    def test_unknown_barcodes_but_no_codes_become_items(self):
        one = self.site(more="[deposit]\nunknown_barcode = ask\n")
        self.stocked(one, "Y1", CODE)
        one.sign_in(bad_case.STAFF, bad_case.PIN)
        one.kiosk.press("deposit")
        for typed in (CODE, "00000001"):
            self.assert_refused(one.kiosk.scan(typed), "unknown_barcode")
            one.kiosk.press("done")
        self.assert_ok(one.kiosk.scan("NEW-7"))
        one.kiosk.until("ask", item="NEW-7")
        self.assert_ok(one.kiosk.press("confirm"))
        one.kiosk.until("size")
        one.kiosk.press("sign_out")
        self.end(one)
        self.no_secret(one, CODE)


class WindowHours(bad_case.Case):
    """ "Window 3 is open until 17:00": never a guess, always the calendar's answer."""

    def friday(self):
        """The last ten seconds of a Friday's hours, in a year to come."""
        day = datetime.datetime.now(SHANGHAI).replace(month=3, day=1) + datetime.timedelta(days=366)
        while day.weekday() != 4:
            day += datetime.timedelta(days=1)
        return day.replace(hour=16, minute=59, second=50, microsecond=0)

    def told(self, one, **match):
        """Waits until the page is told so; returns how the window is then."""
        def there():
            window = one.kiosk.view()["window"]
            return window if window and all(window[k] == v for k, v in match.items()) else None
        try:
            return until(there, 20, f"the window {match}")
        except TimeoutError as error:
            raise TimeoutError(f"{error}; it is {one.kiosk.view()['window']}") from error

    def test_hours_of_a_synced_clock_and_none_of_another(self):
        friday = self.friday()
        saturday, monday = friday + datetime.timedelta(days=1), friday + datetime.timedelta(days=3)
        hours = ("[window 3]\nhours = mon-thu 08:30-17:30, fri 09:00-12:00 13:30-17:00\n"
                 f"[holidays {friday.year}]\nclosed = {monday:%Y-%m-%d}\nworking = {saturday:%Y-%m-%d}:mon\n")
        one = self.site(broker=False, start=False, more=hours)
        synced = os.path.join(one.folder, "synced")
        late = int(time.time() - friday.timestamp())
        one.start(bad_case.preloaded("wrong-clock", WRONG_CLOCK_S=str(late), WRONG_CLOCK_SYNCED=synced))
        self.assertEqual(one.admin("status")["clock"], "rtc")
        self.assertEqual(one.kiosk.view()["window"], {"name": "3", "state": "unknown", "day": "", "at": ""})

        with open(synced, "w", encoding="utf-8"):
            pass
        self.told(one, name="3", state="open", day="today", at="17:00")
        self.told(one, state="closed", day=f"{saturday:%Y-%m-%d}", at="08:30")  # a make-up day, like a Monday

        os.unlink(synced)
        self.told(one, state="unknown", day="", at="")
        self.assertEqual(one.daemon.stop(), 0)

    def test_no_window_is_no_word(self):
        one = self.site(broker=False)
        self.assertIsNone(one.kiosk.view()["window"])
        self.assertEqual(one.daemon.stop(), 0)

    def test_bad_hours_start_nothing(self):
        one = self.site(broker=False, start=False, more="[window 3]\nhours = mon 09:00-12:00 11:00-17:00\n")
        code, said = bad_case.run_lockerd("--config", one.config_path)
        self.assertEqual(code, bad_case.EX_CONFIG, said)
        self.assertRegex(said, r"lockerd\.conf:\d+: window 3\.hours: .*overlap")


if __name__ == "__main__":
    bad_case.main(sys.modules[__name__])
