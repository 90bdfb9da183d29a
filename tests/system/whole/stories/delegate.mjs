// A friend collects: the recipient asked for more time, had a one-time code made, took it back, and had another one made.

import assert from "node:assert/strict";

export default async function (story) {
  const item = story.item(1);
  await story.announce(1, { phone: story.phone(1) });
  const [loaded] = await story.load(item);

  await story.at("home");
  await story.tap("more_time");
  await story.at("extend");
  await story.says(/取件码不会变/, /Your code stays the same/);
  await story.type(story.code(1), "enter");
  await story.at("notice");
  await story.looks("good");
  await story.says(/已经延长保管时间/, /kept longer/);
  await story.event("item.updated", { item, reason: "extended" });
  await story.tap("done");
  await story.at("home");

  await story.command("delegate.grant", { item_id: item, code: story.code(21) });
  await story.command("delegate.revoke", { item_id: item });

  await story.at("home");
  await story.type(story.code(21), "enter");
  await story.at("notice");
  await story.looks("warn");
  await story.tap("done");
  await story.at("home");
  await story.never("item.collected", item);

  await story.command("delegate.grant", { item_id: item, code: story.code(22) });
  await story.type(story.code(22), "enter");
  await story.at("take");
  assert.equal(await story.door(), loaded);
  await story.take(item);
  await story.at("taken");
  const collected = await story.event("item.collected", { item });
  assert.deepEqual([collected.via, collected.actor], ["locker", "delegate"]);
  await story.tap("done");

  await story.at("home");
  await story.type(story.code(1), "enter");
  await story.at("notice");
  await story.says(/已经取走了/, /already been collected/);
  await story.tap("done");
  await story.at("home");
}
