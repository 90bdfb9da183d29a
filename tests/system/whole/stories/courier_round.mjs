// A courier loads: one that does not fit and needs a larger compartment, one that nobody announced, one typed by hand;
// then the receipt.

import assert from "node:assert/strict";
import { COURIER } from "./people.mjs";

export default async function (story) {
  const [first, unknown, third] = [story.item(1), story.item(2), story.item(3)];
  await story.announce(1);
  await story.announce(3, { name: "李四" });

  await story.signIn(COURIER);
  await story.tap("deposit");
  await story.at("scan");
  await story.scan(first);
  await story.at("size");
  await story.tap("size-" + story.size);
  await story.at("put");
  const small = await story.onlyOpen();
  await story.tap("larger");
  await story.page.waitForFunction((door) => !document.querySelector("main .door")?.textContent.includes(door), small);
  await story.shut(small);
  await story.at("put");
  const large = await story.put(first);
  assert.notEqual(large, small);
  await story.at("placed");
  await story.looks("good");
  const deposited = await story.event("item.deposited", { item: first });
  assert.deepEqual([deposited.door, deposited.actor], [large, "courier"]);

  await story.scan(unknown);
  await story.at("ask");
  await story.says(/没有预报/, /Nobody announced/);
  await story.tap("confirm");
  await story.at("size");
  await story.tap("size-" + story.size);
  await story.at("put");
  const second = await story.put(unknown);
  await story.at("placed");
  await story.event("item.expected", { item: unknown });
  await story.event("item.deposited", { item: unknown, door: second });

  await story.tap("done");
  await story.at("scan");
  await story.wedge(third);
  await story.at("size");
  await story.says(/收件人：李\*/, /For 李\*/);
  await story.tap("size-" + story.size);
  await story.at("put");
  const last = await story.put(third);
  await story.at("placed");
  await story.scan(third);
  await story.at("notice");
  await story.says(/已经在柜子里/, /already in the locker/);
  await story.tap("done");
  await story.at("scan");
  await story.tap("back");

  await story.at("staff_menu");
  await story.says(/已存入 3 件/, /Put in since you signed in: 3/);
  await story.tap("receipt");
  await story.page.waitForSelector(".list .row");
  await story.at("receipt");
  const rows = (await story.page.locator(".list .row").allInnerTexts()).map((row) => row.split(/\s+/).slice(0, 2).join(" "));
  assert.deepEqual(rows.sort(), [`${large} ${first}`, `${second} ${unknown}`, `${last} ${third}`].sort());
  await story.tap("back");
  await story.at("staff_menu");
  await story.tap("sign_out");
  await story.at("home");
}
