"""A machine for a test: Debian 12 with a real systemd, in namespaces of its own (systemd-nspawn), without any network but its loopback.
Needs root. Made once and copied; what runs in it ends with it."""

import hashlib
import os
import shutil
import subprocess
import time

END = "end-of-what-it-said"


def expect(true, promise):
    if not true:
        raise AssertionError(promise)


def run(*command, timeout=600, **more):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False, timeout=timeout, **more)


def depends_of(debs):
    """What dpkg will ask for, each first alternative, without versions and without the packages themselves."""
    own = {run("dpkg-deb", "-f", deb, "Package").stdout.strip() for deb in debs}
    names = set()
    for deb in debs:
        for one in run("dpkg-deb", "-f", deb, "Depends").stdout.strip().split(", "):
            names.add(one.split("|")[0].split("(")[0].strip())
    return sorted(names - own - {""})


def make_root(cache, packages):
    """A root with these packages; made again when the list changed."""
    key = hashlib.sha256(" ".join(packages).encode()).hexdigest()
    mark = os.path.join(cache, "made-of")
    if os.path.exists(mark):
        with open(mark, encoding="ascii") as file:
            if file.read() == key:
                return os.path.join(cache, "root")
    shutil.rmtree(cache, ignore_errors=True)
    os.makedirs(cache)
    done = run("mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", f"--include={','.join(packages)}", "bookworm",
               os.path.join(cache, "root"))
    if done.returncode:
        raise RuntimeError(f"mmdebstrap: {done.stderr[-2000:]}")
    with open(mark, "w", encoding="ascii") as file:
        file.write(key)
    return os.path.join(cache, "root")


class Machine:
    """A booted copy of a root. type() is what somebody types at its one root shell."""

    def __init__(self, template, folder, debs):
        self.root = os.path.join(folder, "machine")
        subprocess.run(["cp", "-a", template, self.root], check=True)
        for deb in debs:
            shutil.copy(deb, os.path.join(self.root, "root"))
        self.log = open(os.path.join(folder, "boot.log"), "wb")  # pylint: disable=consider-using-with
        self.nspawn = self.shell = None
        try:
            self.nspawn = subprocess.Popen(["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "--kill-signal=SIGRTMIN+3",
                                            "--console=pipe", "--directory", self.root, "--boot"],
                                           stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
            self.leader = self._until(self._find_leader, "the first process")
            self._until(lambda: run(*self._enter(), "systemctl", "is-system-running").stdout.strip() in ("running", "degraded"), "systemd")
            # nsenter keeps this side's cgroup, which must not matter: what is tested is started by that systemd.
            self.shell = subprocess.Popen([*self._enter(), "bash", "--noprofile", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                          stderr=subprocess.STDOUT, text=True, encoding="utf-8")
            self.type("cd /root")
        except BaseException:
            self.end()
            raise

    def _enter(self):
        return ["nsenter", "--target", str(self.leader), "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd", "env", "-i",
                "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"]

    def _find_leader(self):
        pid = self.nspawn.pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            for child in file.read().split():
                with open(f"/proc/{child}/status", encoding="ascii") as status:
                    if any(line.startswith("NSpid:") and line.split()[-1] == "1" for line in status):
                        return int(child)
        return None

    def _until(self, there, what, timeout_s=60):
        limit = time.monotonic() + timeout_s
        while time.monotonic() < limit:
            if self.nspawn.poll() is not None:
                break
            if found := there():
                return found
            time.sleep(0.1)
        raise RuntimeError(f"the machine does not come up: {what}; see {self.log.name}")

    def type(self, command):
        self.shell.stdin.write(f"{command}\necho {END}\n")
        self.shell.stdin.flush()
        said = ""
        for line in self.shell.stdout:
            if line.endswith(f"{END}\n"):
                return said + line[:-len(END) - 1]
            said += line
        raise RuntimeError(f"the shell ended at: {command}\n{said}")

    def end(self):
        if self.shell:
            self.shell.stdin.close()
            self.shell.wait(10)
        if self.nspawn and self.nspawn.poll() is None:
            self.nspawn.terminate()
            try:
                self.nspawn.wait(30)
            except subprocess.TimeoutExpired:
                self.nspawn.kill()
                self.nspawn.wait(10)
        self.log.close()
        shutil.rmtree(self.root, ignore_errors=True)
