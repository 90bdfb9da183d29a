// The kiosk page in Chromium: the screens of an item's whole life, from a second factor to the window's work.

import assert from "node:assert/strict";
import { show } from "./demo.mjs";
import { demo, done, fresh, keys, shown, speak, tap, test } from "./rig.mjs";
import { OPEN, RECALLS, RECEIPT, VIEWS } from "./views.mjs";

// --- typing: where digits are a code, and where they are a barcode ----------------------------------------------------

test("four digits of the phone are asked for after the code, no more and no fewer", async () => {
  const page = await fresh(VIEWS.second);
  assert.equal(await page.locator(".cell").count(), 4);
  await tap(page, ...keys("123"));
  assert.ok(await page.isDisabled('[data-id="enter"]'));
  await tap(page, ...keys("45"));
  assert.equal(await shown(page), "1234", "a fifth digit is not taken");
  await tap(page, "enter");
  const act = await demo.act();
  assert.deepEqual([act.act, act.text], ["code", "1234"]);
  assert.equal(await shown(page), "", "nothing typed stays");
  demo.send({ keyed: 2 });
  await page.waitForFunction(() => document.querySelectorAll(".cell.filled").length === 2);
  demo.send({ keyed: 0 });
  await done(page);
});

test("more time takes the code or the token", async () => {
  const page = await fresh(VIEWS.extend);
  await tap(page, ...keys("12345678"), "enter");
  let act = await demo.act();
  assert.deepEqual([act.act, act.text], ["code", "12345678"]);
  await page.keyboard.type("q7Xr-_9AbCdEfGhIjKlMnO");
  await page.keyboard.press("Enter");
  act = await demo.act();
  assert.deepEqual([act.act, act.text], ["scan", "q7Xr-_9AbCdEfGhIjKlMnO"]);
  await done(page);
});

test("the window takes a code, a phone tail, or a token", async () => {
  const page = await fresh(VIEWS.hand_over);
  await tap(page, ...keys("12345"));
  assert.ok(await page.isDisabled('[data-id="enter"]'), "five digits are neither");
  await tap(page, "key-退格", "enter");
  assert.deepEqual(await demo.act().then((a) => [a.act, a.text]), ["code", "1234"]);
  await tap(page, ...keys("12345678"), "enter");
  assert.deepEqual(await demo.act().then((a) => [a.act, a.text]), ["code", "12345678"]);
  await page.keyboard.type("q7Xr-_9AbCdEfGhIjKlMnO");
  await page.keyboard.press("Enter");
  assert.equal((await demo.act()).act, "scan");
  await show(demo, page, { ...VIEWS.hand_over, tail: false, name: "" });
  await tap(page, ...keys("1234"));
  assert.ok(await page.isDisabled('[data-id="enter"]'), "a tail is no proof here");
  await done(page);
});

test("digits where a number is scanned are no code", async () => {
  const page = await fresh();
  for (const name of ["drop_case", "waybill", "window", "check", "put", "scan"]) {
    await show(demo, page, VIEWS[name]);
    await page.keyboard.type("12345678");
    await page.keyboard.press("Enter");
    assert.deepEqual(await demo.act().then((a) => [a.act, a.text]), ["scan", "12345678"], name);
  }
  await done(page);
});

test("a case number is typed without a scanner, a waybill when its barcode is damaged", async () => {
  const page = await fresh(VIEWS.drop_case);
  await tap(page, ...keys("YL-7"), "enter");
  assert.deepEqual(await demo.act().then((a) => [a.act, a.text]), ["scan", "YL-7"]);
  for (const name of ["waybill", "window", "check"]) {
    await show(demo, page, VIEWS[name]);
    await tap(page, "manual", ...keys("Z9"), "enter");
    assert.deepEqual(await demo.act().then((a) => [a.act, a.text]), ["scan", "Z9"], name);
  }
  await done(page);
});

// --- the pickup and what may be wrong with it -------------------------------------------------------------------------

test("a rating is one touch, the best one first, and thanked for", async () => {
  const page = await fresh(VIEWS["taken-rate"]);
  const words = await page.locator(".mark").allInnerTexts();
  assert.deepEqual(words.map((w) => w.trim()), ["非常满意", "满意", "基本满意", "不满意", "非常不满意"]);
  for (const value of [5, 2]) {
    await tap(page, "rate-" + value);
    const act = await demo.act();
    assert.deepEqual([act.button, act.rating], ["rate", value]);
    await page.waitForSelector("#toast:not([hidden])");
    assert.match(await page.locator("#toast").innerText(), /谢谢您的评价/);
  }
  const below = await page.locator("#toast").boundingBox();
  const touched = await page.evaluate(([x, y]) => document.elementFromPoint(x, y).closest("#toast") !== null,
    [below.x + below.width / 2, below.y + below.height / 2]);
  assert.equal(touched, false, "the thanks are in nobody's way");
  await done(page);
});

test("further items of the same person are the first thing offered", async () => {
  const page = await fresh(VIEWS["taken-all"]);
  assert.match(await page.locator("main").innerText(), /您还有 2 件等着取/);
  assert.ok(await page.locator('[data-id="next"].primary').isVisible());
  assert.equal(await page.locator("button.primary").count(), 1, "only one thing stands out");
  await show(demo, page, VIEWS["taken-one-more"]);
  await speak(page, "en");
  assert.match(await page.locator("main").innerText(), /1 more item waits for you/);
  await show(demo, page, VIEWS["taken-rate"]);
  assert.ok(await page.locator('[data-id="done"].primary').isVisible());
  await done(page);
});

test("what is wrong can be said at the open door, less loudly than going on", async () => {
  const page = await fresh(VIEWS.take);
  for (const name of ["not_mine", "nothing_inside", "refuse"]) {
    assert.ok(await page.locator(`.trouble [data-id="${name}"].quiet`).isVisible(), name);
  }
  assert.match(await page.locator(".trouble .caption").innerText(), /有问题/);
  await show(demo, page, VIEWS["take-empty"]);
  assert.match(await page.locator("main").innerText(), /谢谢您告诉我们。请关好柜门/);
  assert.equal(await page.locator(".trouble").count(), 0);
  assert.match(await page.locator('[data-id="back"]').innerText(), /我看错了/);
  await done(page);
});

test("a refusal is asked once more, and not to refuse is the easy answer", async () => {
  const page = await fresh(VIEWS.refuse_ask);
  assert.match(await page.locator("main").innerText(), /退回办理单位，取件码马上失效/);
  assert.equal(await page.locator("button.primary").getAttribute("data-id"), "back");
  await show(demo, page, VIEWS["give_back-rejected"]);
  assert.match(await page.locator("h1").innerText(), /放回 A07/);
  assert.match(await page.locator("main").innerText(), /会退回办理单位/);
  assert.match(await page.locator('[data-id="back"]').innerText(), /不拒收了，我取走/);
  await show(demo, page, VIEWS.opening);
  await show(demo, page, VIEWS["give_back-not_mine"]);
  assert.match(await page.locator('[data-id="back"]').innerText(), /是我的/);
  assert.match(await page.locator("main").innerText(), /请不要带走/);
  assert.match(await page.locator("main").innerText(), /0912-3281234/, "whom to call");
  await done(page);
});

test("what went well looks so, what was refused does not", async () => {
  const page = await fresh();
  const good = ["rejected", "disputed", "extended", "received", "handed_over", "sent_by_post", "dropoff_given_up"];
  for (const reason of [...good, "wrong_tail", "extend_limit", "dropoff_off", "bad_waybill"]) {
    await show(demo, page, { screen: "opening", door: "A01" });
    await show(demo, page, { screen: "notice", reason, buttons: ["back", "done"] });
    assert.equal(await page.locator(".panel.good").count(), good.includes(reason) ? 1 : 0, reason);
    assert.equal(await page.locator(".panel.warn").count(), good.includes(reason) ? 0 : 1, reason);
  }
  await done(page);
});

// --- the window -------------------------------------------------------------------------------------------------------

test("the home page says truthfully until when the window is open, and when it opens", async () => {
  const page = await fresh({ screen: "home", window: OPEN });
  const said = async (window, language) => {
    await show(demo, page, { screen: "opening", door: "A01" });
    await show(demo, page, { screen: "home", window });
    await speak(page, language);
    return page.locator(".hours").innerText();
  };
  const closed = { name: "3", state: "closed", at: "09:00" };
  assert.match(await said(OPEN, "zh"), /3 号窗口今天开放到 17:00/);
  assert.match(await said(OPEN, "en"), /Window 3 is open until 17:00/);
  assert.match(await said({ ...closed, day: "today" }, "zh"), /现在没开，今天 09:00 开/);
  assert.match(await said({ ...closed, day: "today" }, "en"), /closed, opens today at 09:00/);
  assert.match(await said({ ...closed, day: "2026-12-25" }, "zh"), /12月25日周五 09:00 开/);
  assert.match(await said({ ...closed, day: "2026-12-25" }, "en"), /closed, opens Fri.? 25 Dec, 09:00/);
  assert.match(await said({ ...closed, day: "", at: "" }, "zh"), /没开，请问工作人员/);
  assert.match(await said({ name: "3", state: "unknown", day: "", at: "" }, "en"), /ask the staff/);
  await show(demo, page, VIEWS.opening);
  await show(demo, page, VIEWS.home);
  assert.equal(await page.locator(".hours").count(), 0, "no window, no word about it");
  await done(page);
});

test("whose document is at the window is told its hours; staff are told about the item", async () => {
  const page = await fresh({ ...VIEWS["notice-window"], window: OPEN });
  assert.match(await page.locator("main").innerText(), /您的文件在服务窗口[^]*3 号窗口今天开放到 17:00/);
  await show(demo, page, VIEWS.opening);
  await show(demo, page, VIEWS["notice-staff-window"]);
  assert.match(await page.locator("h1").innerText(), /这个件在服务窗口/);
  await done(page);
});

test("what does not fit is said where it was typed or scanned", async () => {
  const page = await fresh(VIEWS["hand_over-wrong"]);
  assert.match(await page.locator(".why").innerText(), /核对不上[^]*再报一次/);
  await show(demo, page, VIEWS["waybill-bad"]);
  assert.match(await page.locator(".why").innerText(), /不是邮寄单号/);
  await show(demo, page, VIEWS["notice-returned"]);
  assert.match(await page.locator(".panel.calm h1").innerText(), /已退回办理单位/);
  await done(page);
});

test("at the window the page says where the item is and offers what the daemon allows", async () => {
  const page = await fresh(VIEWS.window_item);
  assert.match(await page.locator("main").innerText(), /1234567890123[^]*收件人：王\*\*[^]*现在：在窗口/);
  assert.match(await page.locator('[data-id="refuse"]').innerText(), /本人拒收/);
  await show(demo, page, VIEWS.opening);
  await show(demo, page, VIEWS["window_item-none"]);
  assert.match(await page.locator("main").innerText(), /已领取[^]*不用办理/);
  await done(page);
});

// --- staff ------------------------------------------------------------------------------------------------------------

test("the second scan: asked for, and another item is not overlooked", async () => {
  const page = await fresh(VIEWS["put-unchecked"]);
  assert.match(await page.locator("main").innerText(), /再扫一次条码，然后关好柜门/);
  assert.equal(await page.locator(".panel.good").count(), 1);
  await show(demo, page, VIEWS["put-misload"]);
  assert.match(await page.locator("#announce").innerText(), /扫到的是另一个件/, "announced on the same screen, too");
  assert.match(await page.locator("main").innerText(), /扫到的是另一个件/);
  assert.equal(await page.locator(".panel.warn").count(), 1);
  await show(demo, page, VIEWS.check);
  assert.match(await page.locator("main").innerText(), /请再扫一次这个件[^]*B21 关门前没有核对/);
  await done(page);
});

test("an item of the same case may join the others", async () => {
  const page = await fresh(VIEWS["size-join"]);
  assert.match(await page.locator('[data-id="join"]').innerText(), /放进 A07/);
  await show(demo, page, VIEWS.opening);
  await show(demo, page, VIEWS.size);
  assert.equal(await page.locator('[data-id="join"]').count(), 0);
  await done(page);
});

test("a receipt lists what was put where", async () => {
  const page = await fresh(VIEWS.receipt);
  await page.waitForSelector(".list .row");
  assert.match(await page.locator("main").innerText(), /一共存入 12 件/);
  const rows = await page.locator(".list .row").allInnerTexts();
  assert.equal(rows.length, RECEIPT.length);
  assert.match(rows[1], /B02\s+YL-2026-000002\s+中/);
  await done(page);
});

test("the receipt number of a drop-off is there to be noted", async () => {
  const page = await fresh(VIEWS.drop_placed);
  assert.equal(await page.locator('[data-id="receipt-number"]').innerText(), "D-20261126-000042");
  await page.waitForFunction(() => document.querySelector("#announce").textContent.includes("D-20261126-000042"));
  await done(page);
});

test("the recall list marks each item, and says loudly when it goes to the post", async () => {
  const page = await fresh(VIEWS.recall_list);
  await page.waitForSelector(".recall");
  const row = async (n) => (await page.locator(`[data-id="recall-${RECALLS[n].item}"]`).innerText()).replace(/\s+/g, " ");
  assert.match(await row(0), /A01 YL-2026-000001 王\*\* 逾期/);
  assert.match(await row(2), /逾期 已撤回/);
  assert.match(await row(4), /YL-2026-000005 待取回/);
  assert.match(await row(5), /拒收/);
  assert.match(await row(6), /补交材料/);
  assert.match(await page.locator("main").innerText(), /取出的件送到窗口/);
  assert.match(await page.locator('[data-id="recall_post"]').innerText(), /改为邮寄/);
  await show(demo, page, VIEWS["recall_list-post"]);
  assert.match(await page.locator(".post").innerText(), /取出的件改为邮寄/);
  assert.match(await page.locator('[data-id="recall_post"]').innerText(), /改为送窗口/);
  await show(demo, page, VIEWS["recall_list-round"]);
  assert.match(await page.locator("h1").innerText(), /逾期回收/);
  await done(page);
});

test("a list whose answer comes late does not replace a newer one", async () => {
  const page = await fresh(VIEWS.recall_list);
  await page.waitForSelector(".recall");
  let release;
  const held = new Promise((resolve) => {
    release = resolve;
  });
  await page.route("**/api/v1/recalls", async (route) => {
    await held;
    await route.fulfill({ json: { items: [], more: false } });
  }, { times: 1 });
  await show(demo, page, VIEWS["recall_list-post"]);
  await show(demo, page, VIEWS["recall_list-round"]);
  await page.waitForSelector(".recall");
  const late = page.waitForResponse("**/api/v1/recalls");
  release();
  await late;
  await page.waitForTimeout(200);
  assert.equal(await page.locator(".recall").count(), RECALLS.length);
  await done(page);
});
