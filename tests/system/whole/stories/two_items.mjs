// Two documents of one person, one after the other, with the code scanned off the telephone.

import assert from "node:assert/strict";

export default async function (story) {
  const token = `token-for-both-${story.language}-0123456789`;
  const phone = story.phone(1);
  await story.announce(1, { phone, token });
  await story.announce(2, { phone, token, code: story.code(1) });
  const doors = await story.load(story.item(1), story.item(2));
  assert.notEqual(doors[0], doors[1]);

  await story.at("home");
  await story.scan(token);
  await story.at("take");
  await story.says(/您还有 1 件等着取/, /1 more item waits for you/);
  const first = await story.door();
  const mine = doors[0] === first ? [1, 2] : [2, 1];
  await story.take(story.item(mine[0]));
  await story.at("taken");
  await story.says(/您还有 1 件等着取/, /1 more item waits for you/);
  await story.event("item.collected", { item: story.item(mine[0]) });
  await story.never("item.collected", story.item(mine[1]));

  await story.tap("next");
  await story.page.waitForFunction((door) => !document.querySelector("main .door")?.textContent.includes(door), first);
  await story.at("take");
  await story.take(story.item(mine[1]));
  await story.at("taken");
  await story.event("item.collected", { item: story.item(mine[1]) });
  assert.equal((await story.view()).more, 0);
  assert.equal(await story.page.locator('[data-id="next"]').count(), 0);
  await story.tap("done");
  await story.at("home");
}
