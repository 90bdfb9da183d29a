#!/usr/bin/python3
"""Software bill of materials of one binary package, CycloneDX 1.5: every file in it with its SHA-256, and every shared library that its
programs load, directly or through another, with the Debian package and version it was linked against.

usage: sbom.py --package NAME --multiarch TRIPLET --arch ARCH TREE OUTPUT
Read from what was built (ELF headers) and from dpkg's database of the machine it was built on, not from a list written by hand.
"""

import argparse
import datetime
import hashlib
import json
import os
import re
import subprocess
import uuid

SPEC = "1.5"


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def is_elf(path):
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def files_of(tree):
    for folder, _, names in os.walk(tree):
        if os.path.relpath(folder, tree).split(os.sep)[0] == "DEBIAN":
            continue
        for name in sorted(names):
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                yield path


def needed(path):
    return re.findall(r"\(NEEDED\).*\[(.+)\]", output("readelf", "--dynamic", "--wide", path))


def find(name, multiarch):
    """Where the loader would find it; the cross compiler's own C library is not what the package will meet."""
    for folder in (f"/lib/{multiarch}", f"/usr/lib/{multiarch}", f"/usr/{multiarch}/lib", "/lib", "/usr/lib"):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            return path
    raise SystemExit(f"sbom: {name} is needed and not in any folder of {multiarch}")


def owner(path):
    """(package, version, architecture) that a library came with. Both spellings: /lib may be a link to /usr/lib."""
    real = os.path.realpath(path)
    spellings = {path, real, real.removeprefix("/usr"), "/usr" + path}
    for one in sorted(spellings):
        found = subprocess.run(["dpkg-query", "--search", one], capture_output=True, text=True, check=False).stdout
        packages = [line.split(": ")[0] for line in found.splitlines() if not line.startswith("diversion")]
        if packages:
            name = packages[0].split(",")[0]
            return tuple(output("dpkg-query", "--show", "--showformat", "${Package} ${Version} ${Architecture}", name).split())
    raise SystemExit(f"sbom: no package owns {path}")


def library_graph(programs, multiarch):
    """{soname: [sonames it needs]} of all that is loaded, and the direct ones of each program."""
    direct = {program: needed(program) for program in programs}
    graph, open_ = {}, sorted({name for names in direct.values() for name in names})
    while open_:
        name = open_.pop()
        if name not in graph:
            graph[name] = needed(find(name, multiarch))
            open_ += graph[name]
    return direct, graph


def library(name, multiarch):
    package, version, arch = owner(find(name, multiarch))
    return {"type": "library", "bom-ref": f"lib:{name}", "name": name, "version": version,
            "purl": f"pkg:deb/debian/{package}@{version.replace('+', '%2B').replace(':', '%3A')}?arch={arch}",
            "properties": [{"name": "debian:package", "value": package}]}


def packaged_file(path, tree):
    with open(path, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    name = "/" + os.path.relpath(path, tree)
    return {"type": "file", "bom-ref": f"file:{name}", "name": name, "hashes": [{"alg": "SHA-256", "content": digest}]}


def bill(args):
    files = [p for p in files_of(args.tree) if os.path.abspath(p) != os.path.abspath(args.output)]
    direct, graph = library_graph([p for p in files if is_elf(p)], args.multiarch)
    version = output("dpkg-parsechangelog", "--show-field", "Version").strip()
    made = datetime.datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), datetime.timezone.utc)
    root = f"package:{args.package}"
    components = [library(name, args.multiarch) for name in sorted(graph)] + [packaged_file(p, args.tree) for p in files]
    depends = {root: [f"file:/{os.path.relpath(p, args.tree)}" for p in files]}
    depends.update({f"file:/{os.path.relpath(p, args.tree)}": [f"lib:{n}" for n in names] for p, names in direct.items()})
    depends.update({f"lib:{name}": [f"lib:{n}" for n in names] for name, names in graph.items()})
    return {"bomFormat": "CycloneDX", "specVersion": SPEC, "version": 1,
            "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'lockerd/{args.package}/{version}/{args.arch}')}",
            "metadata": {"timestamp": made.strftime("%Y-%m-%dT%H:%M:%SZ"),
                         "component": {"type": "application", "bom-ref": root, "name": args.package, "version": version,
                                       "purl": f"pkg:deb/lockerd/{args.package}@{version}?arch={args.arch}"}},
            "components": components,
            "dependencies": [{"ref": ref, "dependsOn": sorted(set(on))} for ref, on in sorted(depends.items())]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", required=True)
    parser.add_argument("--multiarch", required=True)
    parser.add_argument("--arch", required=True)
    parser.add_argument("tree")
    parser.add_argument("output")
    args = parser.parse_args()
    made = bill(args)
    with open(args.output, "w", encoding="utf-8") as file:
        json.dump(made, file, indent=1, ensure_ascii=False)
        file.write("\n")


if __name__ == "__main__":
    main()
