// A courier's round: what its sender withdrew, what goes to the window on request, and nothing else; one goes by post.

import assert from "node:assert/strict";
import { COURIER } from "./people.mjs";

export default async function (story) {
  const [withdrawn, stays, moved] = [story.item(1), story.item(2), story.item(3)];
  await story.announce(1);
  await story.announce(2);
  await story.announce(3);
  const doors = await story.load(withdrawn, stays, moved);
  await story.command("item.cancel", { item_id: withdrawn });
  await story.command("item.transfer", { item_id: moved, to: "window" });

  await story.signIn(COURIER);
  await story.tap("round");
  await story.page.waitForSelector(".recall");
  await story.at("recall_list");
  await story.says(/逾期回收/, /Overdue round/);
  const ids = await story.page.locator(".recall .id").allInnerTexts();
  assert.deepEqual(ids, [withdrawn, moved], "what is due, in walking order");
  await story.tap("recall-" + withdrawn);
  await story.at("recall_take");
  assert.equal(await story.take(withdrawn), doors[0]);
  await story.at("recall_taken");
  await story.event("item.returned", { item: withdrawn });

  await story.tap("next");
  await story.page.waitForFunction((door) => !document.querySelector("main .door")?.textContent.includes(door), doors[0]);
  await story.at("recall_take");
  assert.equal(await story.take(moved), doors[2]);
  await story.at("recall_taken");
  await story.custody(moved, "at_window");
  await story.custody(stays, "in_locker");
  await story.tap("next");
  await story.at("recall_list");
  await story.says(/没有逾期的件/, /Nothing is overdue/);
  await story.tap("back");

  await story.at("staff_menu");
  await story.tap("recall");
  await story.page.waitForSelector(".recall");
  await story.at("recall_list");
  await story.tap("recall_post");
  await story.says(/取出的件改为邮寄/, /goes by post/);
  await story.page.waitForSelector(".recall");
  await story.tap("recall-" + stays);
  await story.at("waybill");
  await story.scan(`EMS${story.language.toUpperCase()}000000001CN`);
  await story.at("recall_take");
  await story.take(stays);
  await story.at("recall_taken");
  await story.says(/已转邮寄/, /goes by post now/);
  const sent = await story.event("item.transferred", { item: stays });
  assert.deepEqual([sent.to, sent.waybill], ["with_courier", `EMS${story.language.toUpperCase()}000000001CN`]);
  await story.tap("sign_out");
  await story.at("home");
}
