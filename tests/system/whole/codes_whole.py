#!/usr/bin/python3
"""Codes that the locker makes, through the real daemon and a real broker: sealed to upstream and opened by upstream's own
implementation and by latchset's jose, typed and scanned at the kiosk they open that item's door and no other; the same
token again brings the same answer, also after a SIGKILL (law 7); what they say is in no file, log, message or backup
(laws 8, 12); a code never comes twice and every digit is as likely as another."""

import argparse
import collections
import json
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), HERE]
import site_rig  # noqa: E402
from contract_examples import expect  # noqa: E402

DIGITS = 8


def open_with_jose(site, sealed):
    """The same by somebody else's program."""
    private = site.seal.keys.private.private_numbers()
    jwk = dict(site.seal.keys.public_jwk(), d=site_rig.upstream.b64url(private.private_value.to_bytes(32, "big")))
    for member in ("use", "alg"):
        jwk.pop(member)
    path = os.path.join(site.folder, "private.jwk")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(jwk, f)
    done = subprocess.run(["jose", "jwe", "dec", "-i-", "-k", path], input=sealed, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def made(site, name, item, **args):
    """A command that asks for codes: what came back, opened; the token for later."""
    claims = site_rig.upstream.claims_for(site_rig.OPERATOR, site_rig.SITE, name, {"item_id": item, **args})
    token = site.keys.sign(claims)
    site.postal.send(token)
    answer = site.postal.answer(claims["jti"])
    expect(answer["result"] == "ok" and "sealed" in answer, f"{name} {args}: {answer}")
    secret = site.seal.open(answer["sealed"])
    expect(secret == open_with_jose(site, answer["sealed"]), "two implementations read the same")
    holder = "delegate" if name == "delegate.grant" else "recipient"
    named = {k: secret[k] for k in ("site", "item_id", "holder", "jti")}
    expect(named == {"site": site_rig.SITE, "item_id": item, "holder": holder, "jti": claims["jti"]}, f"it says whose it is: {named}")
    expect(("code" in secret, "token" in secret) == (bool(args.get("make_code")), bool(args.get("make_token"))), f"{sorted(secret)}")
    return secret, token, answer


def again(site, token, answer):
    jti = answer["id"]
    site.postal.answers.pop(jti, None)
    site.postal.send(token)
    other = site.postal.answer(jti)
    expect(other["sealed"] == answer["sealed"], "law 7: the same token, the same answer")


def refusals(site):
    for args, reason, field in (({"make_code": True, "code": "11112222"}, "bad_argument", "args.make_code"),
                                ({"make_token": True, "token": "q" * 22}, "bad_argument", "args.make_token"),
                                ({"make_code": "yes"}, "bad_argument", "args.make_code"),
                                ({"make_code": 1}, "bad_argument", "args.make_code")):
        answer = site.postal.command("item.announce", {"item_id": "Y9", **args})
        expect((answer["result"], answer["reason"]) == ("refused", reason) and answer["why"].startswith(field), f"{args}: {answer}")
    answer = site.postal.command("code.reissue", {"item_id": "Y9", "make_code": False})
    expect(answer["reason"] == "bad_argument", f"none asked for: {answer}")
    answer = site.postal.command("code.reissue", {"item_id": "nobody", "make_code": True})
    expect(answer["reason"] == "no_such_item" and "sealed" not in answer, f"refused, nothing sealed: {answer}")


def stories(site):
    """Every text that was made, and what it opened."""
    site.hire()
    secrets = []
    first, token, answer = made(site, "item.announce", "Y1", make_code=True, make_token=True)
    friend, _, _ = made(site, "delegate.grant", "Y1", make_code=True)
    expect(len(first["code"]) == DIGITS and first["code"].isdigit() and len(first["token"]) == 32, f"{first}")
    made(site, "item.announce", "Y2", make_token=True)
    site.sign_in()
    site.kiosk.press("deposit")
    doors = {item: site.deposit(item) for item in ("Y1", "Y2")}
    site.kiosk.press("sign_out")
    again(site, token, answer)
    site.daemon.kill()
    site.start()
    again(site, token, answer)
    fresh, _, _ = made(site, "code.reissue", "Y1", make_code=True)
    expect(site.kiosk.code(first["code"])["reason"] == "wrong_code", "a code that was replaced opens nothing")
    site.kiosk.press("back")
    scanned, _, _ = made(site, "code.reissue", "Y2", make_token=True)
    expect(site.pickup(fresh["code"]) == doors["Y1"], "a made code opens its item's door")
    site.kiosk.press("done")
    expect(site.kiosk.code(friend["code"])["reason"] == "already_collected", "law 8: collected, the friend's too")
    site.kiosk.press("back")
    expect(site.kiosk.scan(scanned["token"])["result"] == "ok", "a made token opens")
    expect(site.kiosk.until("take")["door"] == doors["Y2"], "its item's door")
    site.sim.ask("door", door=doors["Y2"], action="take")
    site.shut(doors["Y2"])
    site.kiosk.until("taken")
    for secret in (first, friend, fresh, scanned):
        secrets += [secret[each] for each in ("code", "token") if each in secret]
    return secrets


def many(site, count):
    """Codes of as many items: none is anybody else's, and no digit is rarer than chance makes it (chi-square, p < 1e-6)."""
    codes = [made_fast(site, f"M{n}") for n in range(count)]
    expect(len(set(codes)) == count, "a live code comes twice")
    seen = collections.Counter("".join(codes))
    mean = count * DIGITS / 10
    chi = sum((seen[str(d)] - mean) ** 2 / mean for d in range(10))
    expect(chi < 46.0, f"digits are not alike: chi-square {chi:.1f} with 9 degrees of freedom: {seen}")
    return codes


def made_fast(site, item):
    answer = site.postal.command("item.announce", {"item_id": item, "make_code": True})
    return site.seal.open(answer["sealed"])["code"]


def is_nowhere(site, secrets, messages):
    backup = os.path.join(site.folder, "state", "copy.db")
    expect(site.admin("backup", path=backup)["path"] == backup, "a backup")
    site.daemon.stop()
    kept = {}
    for folder, _, files in os.walk(site.folder):
        for name in files:
            if "keys" not in folder:
                with open(os.path.join(folder, name), "rb") as f:
                    kept[name] = f.read()
    expect({"lockerd.db", "copy.db", "lockerd.log", "trace.log"} <= set(kept), f"{sorted(kept)}")
    kept["a message"] = b"\n".join(payload for _, payload, _ in messages)
    for text in secrets:
        found = [name for name, data in kept.items() if text.encode() in data]
        expect(not found, f"laws 8, 12: a code that was made can be read in {found}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    args = parser.parse_args()
    build = os.path.abspath(args.build)
    if not shutil.which("jose"):
        raise SystemExit("codes_whole: the program jose is not installed (scripts/test installs it)")
    messages = []
    with site_rig.Site(build, seal=True) as site:
        site.postal.on_message = lambda *message: messages.append(message)
        refusals(site)
        secrets = stories(site)
        codes = many(site, 300)
        expect(not site.postal.books.faults, f"{site.postal.books.faults}")
        is_nowhere(site, secrets + codes, messages)
    with site_rig.Site(build) as site:
        answer = site.postal.command("item.announce", {"item_id": "Y1", "make_code": True})
        expect((answer["result"], answer["reason"]) == ("refused", "no_seal_key"), f"{answer}")
    print(f"{len(secrets) + len(codes)} codes and tokens made, sealed, opened by two implementations, and readable nowhere else")


if __name__ == "__main__":
    main()
