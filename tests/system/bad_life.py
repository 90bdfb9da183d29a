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
