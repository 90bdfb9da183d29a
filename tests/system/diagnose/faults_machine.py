"""Faults of the machine under the controller: its disk, its power, its heat. The others, and what a case is: faults.py."""

import os
import subprocess

import site_rig
from faults import ONE, Right, database, fault, try_open


def preloaded(site, library, **env):
    return {"LD_PRELOAD": os.path.join(site.build, f"tests/system/lib{library}.so"), "ASAN_OPTIONS": "detect_leaks=0:verify_asan_link_order=0", **env}


@fault("the disk is full")
def disk_full(stage):
    site = stage.site(ONE, broker=False, start=False)
    flag = os.path.join(site.folder, "no-space")
    site.start(preloaded(site, "no-space", NO_SPACE_WHILE=flag))
    with open(flag, "w", encoding="ascii"):
        pass
    try_open(site, "A01")
    site_rig.until(lambda: site.admin("status")["store"]["degraded"], 20, "the store to be degraded")
    return site, Right("disk", database(site), {"store_damaged", "ask_failed"})


@fault("the machine's supply is too weak")
def power_low(stage):
    site = stage.site(ONE, broker=False)
    stage.sensor("class/hwmon/hwmon0/in0_lcrit_alarm", "1")
    stage.sensor("class/hwmon/hwmon0/name", "rpi_volt")
    return site, Right("power", "rpi_volt")


@fault("the machine is too hot")
def hot(stage):
    site = stage.site(ONE, broker=False)
    stage.sensor("class/thermal/thermal_zone0/temp", "91000")
    return site, Right("machine", "thermal_zone0")


@fault("the disk is read-only")
def disk_readonly(stage):
    """As after an error of the file system and a restart: mounted, and no write goes through."""
    site = stage.site(ONE, broker=False, start=False)
    state = os.path.join(site.folder, "state")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2g", "lockerd-test", state], check=True)
    stage.keep(lambda: subprocess.run(["umount", "-l", state], check=False))
    site.start()
    site.daemon.stop()
    subprocess.run(["mount", "-o", "remount,ro", state], check=True)
    site.daemon.start()
    site.daemon.wait_dead(30)
    return site, Right("disk", (state, database(site)), {"start_failed", "start_database", "daemon_down"})


@fault("hardly any room on the disk")
def disk_low(stage):
    site = stage.site(ONE, broker=False, more="[disk]\nlow_mb = 1000000\n")
    site_rig.until(lambda: site.admin("status")["limits"]["disk_low"], 20, "the mark")
    return site, Right("disk", "", {"disk_low"})


@fault("a slow disk")
def disk_slow(stage):
    site = stage.site(ONE, broker=False, start=False, more="[disk]\nslow_ms = 200\n")
    flag = os.path.join(site.folder, "slow")
    site.start(preloaded(site, "slow-disk", SLOW_WHILE=flag, SLOW_MS="300"))
    with open(flag, "w", encoding="ascii"):
        pass
    try_open(site, "A01")
    site_rig.until(lambda: site.admin("status")["limits"]["disk_slow"], 20, "the warning")
    os.unlink(flag)
    site.shut("A01")
    return site, Right("disk", "")


@fault("the power-fail line is not there")
def power_unwatched(stage):
    site = stage.site(ONE, broker=False, more="[power]\nchip = label:no-such-ups\nline = #0\n")
    site_rig.until(lambda: site.admin("status")["limits"]["power"] == "not_watched", 20, "the line to be missed")
    return site, Right("power", "")
