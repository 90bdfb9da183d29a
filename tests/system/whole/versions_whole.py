#!/usr/bin/python3
"""MQTT 5 and 3.1.1 through the whole daemon: what MQTT 5 carries beside each message, as a strict subscriber sees it; the same
site with 3.1.1 by configuration; and with a broker that knows only 3.1.1 and hangs up on 5 without a word (RabbitMQ of
Debian 12), found out by itself."""

import argparse
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), HERE]
import site_rig  # noqa: E402
from contract_examples import expect  # noqa: E402

ROOT = f"locker/v1/{site_rig.OPERATOR}/{site_rig.SITE}/"


def listen(site, version):
    """Everything below the site's prefix: (topic, message)."""
    import paho.mqtt.client as mqtt
    got = []
    client = mqtt.Client(protocol=mqtt.MQTTv5 if version == 5 else mqtt.MQTTv311)
    client.on_message = lambda _c, _u, m: got.append((m.topic[len(ROOT):], m))
    client.connect("127.0.0.1", site.broker.port, 20)
    ready = []
    client.on_subscribe = lambda *_: ready.append(True)
    client.subscribe(ROOT + "#", 1)
    client.loop_start()
    site_rig.until(lambda: ready, 5, "the subscription")
    return client, got


def one(got, topic):
    return site_rig.until(lambda: next((m for t, m in got if t.startswith(topic) and not m.retain), None), 10, f"a message on {topic}").properties


def properties(site):
    client, got = listen(site, 5)
    site.postal.send(site.keys.sign(site_rig.upstream.claims_for(site_rig.OPERATOR, site_rig.SITE, "status.get", {}, jti="props")),
                     response_topic="replies/here", correlation=b"\x00\x01")
    site.announce("Y1", code="11112222")
    answer, event = one(got, "rsp"), one(got, "evt/item")
    expect((answer.ContentType, answer.CorrelationData, answer.MessageExpiryInterval) == ("application/json", b"\x00\x01", 3600), f"rsp: {answer}")
    expect(answer.UserProperty == [("result", "ok")], f"rsp: {answer.UserProperty}")
    expect(event.ContentType == "application/cloudevents+json" and not hasattr(event, "MessageExpiryInterval"), f"an event never expires: {event}")
    seq = site.until_event("item.expected")["seq"]
    expect(event.UserProperty == [("type", "item.expected"), ("seq", str(seq))], f"evt: {event.UserProperty}")
    health = one(got, "state/health")
    expect(health.ContentType == "application/json" and health.MessageExpiryInterval == 180, f"health: {health}")
    expect(not hasattr(one(got, "state/compartments"), "MessageExpiryInterval"), "compartments do not expire")
    client.disconnect()
    client.loop_stop()


def life(site, what):
    """A command, an item's whole story, everything acknowledged."""
    site.hire()
    site.announce("Y2", code="33334444")
    site.sign_in()
    site.kiosk.press("deposit")
    site.deposit("Y2")
    site.kiosk.press("sign_out")
    site.pickup("33334444")
    site.until_event("item.collected", item="Y2")
    site.until_all_acked()
    expect(not site.postal.log.faults and not site.postal.books.faults, f"{what}: {site.postal.log.faults} {site.postal.books.faults}")


def speaks(site, version):
    return f"connected (MQTT {version})" in site.daemon.log()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    build = os.path.abspath(parser.parse_args().build)
    with site_rig.Site(build) as site:
        properties(site)
        life(site, "MQTT 5")
        expect(speaks(site, "5") and not speaks(site, "3.1.1"), "with mosquitto it is 5")
    with site_rig.Site(build, uplink="mqtt_version = 3.1.1\n") as site:
        life(site, "3.1.1 as configured")
        expect(speaks(site, "3.1.1") and not speaks(site, "5"), "3.1.1 as configured")
    os.environ["LK_TEST_BROKER"] = "rabbitmq"
    began = time.monotonic()
    with site_rig.Site(build, start=False) as site:
        up = time.monotonic()
        site.start()
        took = time.monotonic() - up
        life(site, "3.1.1 found out")
        expect(speaks(site, "3.1.1") and not speaks(site, "5"), "RabbitMQ of Debian 12 knows no 5")
        expect(took < 10, f"found out only after {took:.1f} s")
    print(f"MQTT 5 with all its properties, 3.1.1 as configured, and 3.1.1 found out by itself in {took:.1f} s (broker up in {up - began:.0f} s)")


if __name__ == "__main__":
    main()
