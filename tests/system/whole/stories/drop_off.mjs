// A citizen leaves documents for the office: once thinking better of it, once for good; a clerk takes them out.

import assert from "node:assert/strict";
import { CLERK } from "./people.mjs";

async function begin(story, number) {
  await story.at("home");
  await story.tap("drop_off");
  await story.at("drop_case");
  await story.type(number, "enter");
  await story.at("drop_size");
  await story.tap("size-" + story.size);
  await story.at("drop_put");
  return story.onlyOpen();
}

export default async function (story) {
  const number = story.language === "zh" ? "YL-2026-77" : "YL-2026-88";
  const tried = await begin(story, number);
  await story.tap("cancel");
  await story.at("drop_back");
  await story.says(/取出您的材料[^]*没有交材料/, /Take your documents out[^]*Nothing is handed in/);
  await story.shut(tried);
  const given = await story.event("item.cancelled", { reason: "dropoff_given_up" });
  await story.custody(given.item, "returned");
  if ((await story.view()).screen === "notice") {
    await story.tap("done");
  }

  await begin(story, number);
  const door = await story.put("papers-" + story.language);
  await story.at("drop_placed");
  await story.looks("good");
  await story.says(/材料已收好/, /Your documents are in/);
  const receipt = await story.page.locator('[data-id="receipt-number"]').innerText();
  const deposited = await story.event("item.deposited", { item: receipt });
  assert.deepEqual([deposited.actor, deposited.door], ["recipient", door]);
  assert.equal((await story.event("item.expected", { item: receipt })).case, number);
  await story.tap("done");

  await story.signIn(CLERK);
  await story.tap("recall");
  await story.page.waitForSelector(".recall");
  await story.at("recall_list");
  await story.says(/补交材料/, /Handed in/);
  await story.tap("recall-" + receipt);
  await story.at("recall_take");
  await story.take("papers-" + story.language);
  await story.at("recall_taken");
  await story.custody(receipt, "at_window");
  await story.tap("sign_out");
  await story.at("home");
}
