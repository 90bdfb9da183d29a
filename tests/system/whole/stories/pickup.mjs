// A citizen collects a document: a wrong code, the code, the phone tail first wrong and then right, open again, a rating.

import assert from "node:assert/strict";

export default async function (story) {
  const item = story.item(1), code = story.code(1);
  await story.announce(1, { phone: story.phone(4711), second_factor: true, name: "王小明" });
  const [loaded] = await story.load(item);

  await story.at("home");
  await story.type("00000000", "enter");
  await story.at("notice");
  await story.says(/没有找到这个取件码[^]*还可以再试 4 次/, /was not found[^]*You can try 4 more times/);
  await story.looks("warn");
  await story.tap("done");

  await story.at("home");
  await story.type(code, "enter");
  await story.at("second");
  await story.says(/手机号后四位/, /four digits of your phone/);
  await story.type("4712", "enter");
  await story.at("notice");
  await story.says(/手机号后四位不对/, /not the right four digits/);
  await story.tap("done");
  await story.at("home");
  await story.type(code, "enter");
  await story.at("second");
  await story.type("4711", "enter");

  await story.at("take");
  assert.equal(await story.door(), loaded);
  await story.says(/请取出您的文件/, /Please take your document/);
  await story.take(item);
  await story.at("taken");
  await story.looks("good");
  await story.says(/门已关好，谢谢/, /The door is closed\. Thank you/);
  const collected = await story.event("item.collected", { item });
  assert.deepEqual([collected.via, collected.actor, collected.door], ["locker", "recipient", loaded]);

  await story.tap("open_again");
  await story.at("take");
  await story.shut();
  await story.at("taken");
  await story.tap("rate-5");
  await story.page.waitForSelector("#toast:not([hidden])");
  assert.equal((await story.event("item.rated", { item })).rating, 5);
  await story.page.waitForSelector('[data-id="rate-5"]', { state: "detached" });
  await story.tap("done");

  await story.at("home");
  await story.type(code, "enter");
  await story.at("notice");
  await story.says(/已经取走了/, /already been collected/);
  await story.tap("done");
  await story.at("home");
  await story.custody(item, "collected");
}
