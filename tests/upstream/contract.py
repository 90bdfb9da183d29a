"""Judges messages by docs/contract/schemas, in the strict reading: no member and no word that the page does not name.

Needs Debian's python3-jsonschema. Judge.message() is called with everything a locker sends; what does not fit is kept in
Judge.faults, so that a test can fail at its end.
"""
import json
import os
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
SCHEMAS = os.path.join(ROOT, "docs", "contract", "schemas")
RETAINED = ("state/presence", "state/compartments", "state/health")
FAULTS_KEPT = 20


def load(folder=SCHEMAS):
    """Schema name -> schema, as published."""
    made = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            made[name[:-len(".json")]] = json.load(f)
    return made


def strict(schema):
    """What the program of today may say."""
    where = os.path.join(ROOT, "scripts", "lib", "contract")
    if where not in sys.path:
        sys.path.append(where)
    import schemas
    return schemas.strict(schema)


def schema_of(topic, value):
    """Which schema a message of the locker has to fit; None: there is none."""
    if topic.startswith("evt/"):
        name = value.get("type", "") if isinstance(value, dict) else ""
        return f"event.{name[len('locker.'):-len('.v1')]}" if name.startswith("locker.") and name.endswith(".v1") else None
    return {"state/presence": "presence", "state/compartments": "compartments", "state/health": "health",
            "rsp": "answer"}.get(topic)


class Judge:
    def __init__(self, folder=SCHEMAS):
        from jsonschema import Draft7Validator
        self.validators = {name: Draft7Validator(strict(schema)) for name, schema in load(folder).items()}
        self.faults, self.seen = [], {}

    def message(self, topic, payload, retained=False):
        """topic: below the site's prefix. An empty retained message clears a topic and says nothing."""
        if not payload:
            return
        fault = self._look(topic, payload, retained)
        if fault and len(self.faults) < FAULTS_KEPT:
            self.faults.append(f"{topic}: {fault}: {payload[:300]!r}")

    def _look(self, topic, payload, retained):
        try:
            value = json.loads(payload)
        except ValueError as error:
            return f"no JSON: {error}"
        name = schema_of(topic, value)
        if name not in self.validators:
            return "no such message on the page"
        if retained and topic not in RETAINED:
            return "it is retained"
        if name.startswith("event.") and topic != "evt/" + name.split(".")[1]:
            return "an event of another class"
        self.seen[name] = self.seen.get(name, 0) + 1
        error = next(self.validators[name].iter_errors(value), None)
        return f"{'/'.join(map(str, error.absolute_path))}: {error.message}" if error else None
