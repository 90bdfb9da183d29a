// "There is nothing inside", taken back and said again; "this is not mine", found out after the door was shut.

import assert from "node:assert/strict";

async function isOnRecord(story, item, reason) {
  await story.at("notice");
  await story.looks("good");
  await story.says(/谢谢您告诉我们[^]*已经锁定[^]*12345/, /Thank you for telling us[^]*is locked[^]*12345/);
  const disputed = await story.event("item.disputed", { item });
  assert.deepEqual([disputed.reason, disputed.to, disputed.alarm], [reason, "unknown", true]);
  await story.custody(item, "unknown");
  await story.tap("done");
  await story.at("home");
}

export default async function (story) {
  const [empty, strange] = [story.item(1), story.item(2)];
  await story.announce(1);
  await story.announce(2);
  await story.load(empty, strange);

  await story.at("home");
  await story.type(story.code(1), "enter");
  await story.at("take");
  await story.tap("nothing_inside");
  await story.says(/谢谢您告诉我们。请关好柜门/, /Please close the door/);
  await story.tap("back");
  await story.page.waitForSelector('[data-id="nothing_inside"]');
  await story.never("item.disputed", empty);
  await story.tap("nothing_inside");
  await story.says(/谢谢您告诉我们。请关好柜门/, /Please close the door/);
  await story.shut();
  await isOnRecord(story, empty, "nothing_inside");
  await story.never("item.collected", empty);

  await story.type(story.code(2), "enter");
  await story.at("take");
  const door = await story.take(strange);
  await story.at("taken");
  await story.event("item.collected", { item: strange });
  await story.tap("not_mine");
  await story.at("give_back");
  await story.says(/请不要带走/, /do not take it with you/);
  assert.equal(await story.put(strange), door);
  await isOnRecord(story, strange, "not_mine");
}
