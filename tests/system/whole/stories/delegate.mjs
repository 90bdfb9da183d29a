// A friend collects: the recipient had a one-time code made, took it back, and had another one made.

import assert from "node:assert/strict";

export default async function (story) {
  const item = story.item(1);
  await story.announce(1, { phone: story.phone(1) });
  const [loaded] = await story.load(item);
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
