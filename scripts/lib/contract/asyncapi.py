"""The AsyncAPI 3.0 document, made from the page and the schemas' names. The application it describes is the locker."""

import json


VERSION = "1.2.0"
CHANNELS = {"evt/item": "item", "evt/door": "door", "evt/access": "access", "evt/site": "site", "evt/audit": "audit"}
STATES = {"state/presence": "presence", "state/compartments": "compartments", "state/health": "health"}
DRAFT = "application/schema+json;version=draft-07"


def scalar(value):
    return json.dumps(value, ensure_ascii=False) if not isinstance(value, str) or not value.replace("-", "").isalnum() \
        or value[0].isdigit() or value in ("true", "false", "null", "yes", "no", "on", "off") else value


def yaml(value, depth=0):
    """Enough of YAML for dictionaries, lists and scalars."""
    pad = "  " * depth
    if isinstance(value, dict) and value:
        for key, each in value.items():
            nested = isinstance(each, (dict, list)) and each
            name = scalar(key)
            yield f"{pad}{name}:" if nested else f"{pad}{name}: {scalar(each)}"
            if nested:
                yield from yaml(each, depth + 1)
    elif isinstance(value, list):
        for each in value:
            if isinstance(each, dict):
                lines = list(yaml(each, depth + 1))
                yield f"{pad}- {lines[0].strip()}"
                yield from lines[1:]
            else:
                yield f"{pad}- {scalar(each)}"


def ref(path):
    return {"$ref": path}


def key_of(topic):
    head, _, tail = topic.partition("/")
    return head + tail.capitalize()


def message(name, title, content_type, schema):
    return {"name": name, "title": title, "contentType": content_type,
            "payload": {"schemaFormat": DRAFT, "schema": ref(f"./schemas/{schema}.json")}}


def messages(page, commands):
    made = {}
    for name in page.events:
        made[f"event.{name}"] = message(f"locker.{name}.v1", name, "application/cloudevents+json", f"event.{name}")
    for topic, name in STATES.items():
        made[name] = message(name, topic, "application/json", name)
    made["answer"] = message("answer", "the answer to a command", "application/json", "answer")
    made["ack"] = message("ack", "everything up to here is safe with upstream", "application/json", "ack")
    made["replay"] = message("replay", "ask for events again", "application/json", "replay")
    for name in commands:
        made[f"command.{name}"] = {
            "name": name, "title": name, "contentType": "application/jwt",
            "summary": "JWS compact serialisation, ES256; x-header and x-claims are what it signs",
            "payload": {"type": "string", "pattern": r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}$", "maxLength": 16384},
            "x-header": "./schemas/command-header.json", "x-claims": f"./schemas/command.{name}.json"}
    return made


def channels(page, commands):
    parameters = {"operator": ref("#/components/parameters/operator"), "site": ref("#/components/parameters/site")}

    def channel(topic, names, about):
        return {"address": "locker/v1/{operator}/{site}/" + topic, "description": about, "parameters": parameters,
                "messages": {name: ref(f"#/components/messages/{name}") for name in names}}
    made = {}
    for topic, group in CHANNELS.items():
        names = [f"event.{name}" for name in page.events if name.startswith(group + ".")]
        made[key_of(topic)] = channel(topic, names, page.topics["evt/{class}"][2])
    for topic, name in STATES.items():
        made[key_of(topic)] = channel(topic, [name], page.topics[topic][2])
    made["rsp"] = channel("rsp", ["answer"], page.topics["rsp"][2])
    made["cmd"] = channel("cmd", [f"command.{name}" for name in commands], page.topics["cmd"][2])
    made["ack"] = channel("ack", ["ack", "replay"], page.topics["ack"][2])
    return made


def operations(page, made):
    result = {}
    for key, channel in made.items():
        topic = channel["address"].split("}/", 2)[2]
        row = page.topics["evt/{class}" if topic.startswith("evt/") else topic]
        sends = "from the locker" in row[0]
        result[("send" if sends else "receive") + key[0].upper() + key[1:]] = {
            "action": "send" if sends else "receive", "channel": ref(f"#/channels/{key}"), "summary": row[2],
            "bindings": {"mqtt": {"qos": 1, "retain": "yes" in row[1], "bindingVersion": "0.2.0"}},
            **({"reply": {"channel": ref("#/channels/rsp"), "messages": [ref("#/channels/rsp/messages/answer")]}}
               if key == "cmd" else {})}
    return result


def document(page, commands):
    made = channels(page, commands)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Pickup locker", "version": VERSION,
                 "description": "What a locker site says and hears over MQTT. The page to read is README.md beside this file; "
                                "this document and the schemas are made from it by scripts/contract."},
        "defaultContentType": "application/json",
        "servers": {"broker": {"host": "broker.example:8883", "protocol": "secure-mqtt", "protocolVersion": "5.0",
                               "description": "Any broker of MQTT 5 or 3.1.1; TLS with a client certificate for each site.",
                               "bindings": {"mqtt": {"clientId": "lockerd-{operator}-{site}", "cleanSession": False,
                                                     "keepAlive": 25, "sessionExpiryInterval": 604800,
                                                     "bindingVersion": "0.2.0"}}}},
        "channels": made,
        "operations": operations(page, made),
        "components": {
            "parameters": {"operator": {"description": "who runs the lockers: letters, digits and . _ -, at most 32"},
                           "site": {"description": "one locker site: letters, digits and . _ -, at most 32"}},
            "messages": messages(page, commands)},
    }


def text(page, commands):
    return "# Made by scripts/contract from README.md; do not edit.\n" + "\n".join(yaml(document(page, commands))) + "\n"


