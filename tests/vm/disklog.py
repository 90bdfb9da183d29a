"""What a disk of the emulated machine was asked to do, and the disk as the power may have left it.

qemu's blklogwrites driver writes each request into a log: sector, length, flags, data (format: the kernel's dm-log-writes). A
request is in the log before the machine hears that it is done, so whatever came out of the machine was asked for before.
"""

import os
import random
import shutil
import struct

SECTOR, HEADER = 512, struct.Struct("<QQQQ")
FLUSH, FUA, DISCARD = 1, 2, 4


def options(name, image, log):
    """qemu's words for the disk `image` with that log, which is made empty. It is the machine's only disk of its kind."""
    with open(log, "wb") as f:
        f.truncate(SECTOR)
    return ["-blockdev", f"driver=file,filename={image},node-name={name}-file", "-blockdev", f"driver=file,filename={log},node-name={name}-log",
            "-blockdev", f"driver=blklogwrites,node-name={name},file={name}-file,log={name}-log,log-sector-size={SECTOR},log-super-update-interval=1",
            "-device", f"virtio-blk-pci,drive={name}"]


def plain(name, image):
    return ["-blockdev", f"driver=file,filename={image},node-name={name}", "-device", f"virtio-blk-pci,drive={name}"]


class Log:
    """The log while it grows. entries: [(sector, flags, where its data begin, bytes)]."""

    def __init__(self, path):
        self.path, self.entries, self.at = path, [], SECTOR
        self.file = open(path, "rb", buffering=0)  # pylint: disable=consider-using-with
        # Not buffered: it grows under our eyes.

    def size(self):
        """How far it has been written. All that is done lies before it; what is under way may, too. (Its head, which counts the
        requests, is written by several at once, and may be behind.)"""
        return os.fstat(self.file.fileno()).st_size

    def covers(self, cut):
        """What was done when the log was no longer than this is among the first `cut` requests."""
        return self.entries[cut][2] - SECTOR if cut < len(self.entries) else self.at

    def read_on(self):
        """Takes in what is there by now; how many entries there are. An entry that is not written yet hides those behind it."""
        while True:
            self.file.seek(self.at)
            head = self.file.read(HEADER.size)
            if len(head) < HEADER.size:
                return len(self.entries)
            sector, sectors, flags, _ = HEADER.unpack(head)
            if not sectors and not flags:
                return len(self.entries)
            length = 0 if flags & DISCARD else sectors * SECTOR
            self.entries.append((sector, flags, self.at + SECTOR, length))
            self.at += SECTOR + length

    def flushes(self):
        return sum(1 for _, flags, _, _ in self.entries if flags & FLUSH)

    def replay(self, base, out, cut, seed):
        """Makes `out`: the disk `base` after the first `cut` requests and a power cut. What came before the last flush is there; of what
        came later each sector is there or not, by chance. Returns (kept, lost) sectors of that."""
        chance = random.Random(seed)
        last = max((i for i in range(cut) if self.entries[i][1] & FLUSH), default=-1)
        shutil.copyfile(base, out)
        kept = lost = 0
        with open(out, "r+b") as disk:
            for i, (sector, flags, at, length) in enumerate(self.entries[:cut]):
                self.file.seek(at)
                data = self.file.read(length)
                if i <= last or flags & FUA:
                    disk.seek(sector * SECTOR)
                    disk.write(data)
                    continue
                for k in range(0, len(data), SECTOR):
                    if chance.random() < 0.5:
                        disk.seek(sector * SECTOR + k)
                        disk.write(data[k:k + SECTOR])
                        kept += 1
                    else:
                        lost += 1
        return kept, lost

    def close(self):
        self.file.close()
