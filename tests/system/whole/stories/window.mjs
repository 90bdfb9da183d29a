// A clerk at the window: receives two documents, hands one over against the phone tail, sends the other one by post; a
// citizen whose document is at the window is told so, with the window's hours.

import assert from "node:assert/strict";
import { CLERK } from "./people.mjs";

async function receive(story, item) {
  await story.scan(item);
  await story.at("window_item");
  await story.says(/已预报，还没到/, /announced, not here yet/);
  await story.tap("receive");
  await story.at("notice");
  await story.looks("good");
  await story.says(/窗口已接收/, /Received at the window/);
  const received = await story.event("item.transferred", { item });
  assert.deepEqual([received.from, received.to, received.actor], ["expected", "at_window", "clerk"]);
  await story.tap("done");
  await story.at("window");
}

export default async function (story) {
  const [handed, sent] = [story.item(1), story.item(2)];
  const waybill = `EMS${story.language.toUpperCase()}000000002CN`;
  await story.announce(1, { phone: story.phone(3344), name: "赵六" });
  await story.announce(2);

  await story.signIn(CLERK);
  await story.tap("window");
  await story.at("window");
  await receive(story, handed);
  await receive(story, sent);
  await story.tap("sign_out");

  await story.at("home");
  await story.type(story.code(1), "enter");
  await story.at("notice");
  const hours = (await story.view()).window;
  await story.says(/您的文件在服务窗口/, /Your document is at the service window/);
  if (hours.state === "open") {
    await story.says(new RegExp(`3 号窗口今天开放到 ${hours.at}`), new RegExp(`Window 3 is open until ${hours.at}`));
  } else {
    assert.match(hours.state, /closed|unknown/);
    await story.says(/3 号窗口.*(工作人员|没开)/, /Window 3(:| is closed)/);
  }
  await story.tap("done");

  await story.signIn(CLERK);
  await story.tap("window");
  await story.at("window");
  await story.scan(handed);
  await story.at("window_item");
  await story.says(/收件人：赵\*[^]*在窗口/, /For 赵\*[^]*at the window/);
  await story.tap("hand_over");
  await story.at("hand_over");
  await story.type("3345", "enter");
  await story.says(/核对不上/, /does not fit/);
  await story.never("item.collected", handed);
  await story.type("3344", "enter");
  await story.at("notice");
  await story.looks("good");
  await story.says(/已交给领取人/, /Handed over/);
  const collected = await story.event("item.collected", { item: handed });
  assert.deepEqual([collected.via, collected.proof, collected.actor], ["window", "phone_tail", "clerk"]);
  await story.tap("done");

  await story.at("window");
  await story.wedge(sent);
  await story.at("window_item");
  await story.tap("send_post");
  await story.at("waybill");
  await story.scan(waybill);
  await story.at("notice");
  await story.looks("good");
  await story.says(/已改为邮寄/, /goes by post now/);
  assert.equal((await story.event("item.transferred", { item: sent, to: "with_courier" })).waybill, waybill);
  await story.command("item.delivered", { item_id: sent });
  assert.equal((await story.event("item.collected", { item: sent })).via, "post");
  await story.tap("sign_out");
  await story.at("home");
}
