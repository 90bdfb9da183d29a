// The kiosk page in Chromium against the real face: what it draws, what it posts, how it comes back.

import assert from "node:assert/strict";
import { after, afterEach, before, test as nodeTest } from "node:test";
import { SHAPES, openPage, show, startBrowser, startDemo, stopDemos } from "./demo.mjs";
import { findFaults } from "./layout.mjs";
import { OPEN, RECALLS, RECEIPT, VIEWS } from "./views.mjs";

const TEST_MS = 40000; // a page that hangs fails its own test, and not the clock of the whole run
const CLOSE_MS = 5000;
const test = (name, body) => nodeTest(name, { timeout: TEST_MS }, body);

let browser;
let demo;

before(async () => {
  browser = await startBrowser();
  demo = await startDemo();
  demo.send({ recalls: RECALLS, receipt: RECEIPT });
});

after(async () => {
  await browser?.close();
  await stopDemos();
});

// Whatever a failed test left open must not slow the next one down.
afterEach(() => Promise.race([
  Promise.all(browser.contexts().map((context) => context.close())),
  new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref()),
]));

async function fresh(view = VIEWS.home, shape = "portrait") {
  demo.send({ answer: { result: "ok" } });
  demo.show({ screen: "home", doors_open: 77 });
  const page = await openPage(browser, demo, shape);
  await show(demo, page, view);
  return page;
}

async function done(page) {
  assert.deepEqual(page.complaints, []);
  await page.context().close();
}

async function tap(page, ...ids) {
  for (const id of ids) {
    await page.tap(`[data-id="${id}"]`);
  }
}

async function speak(page, language) {
  const wanted = language === "en" ? "en" : "zh-CN";
  if (await page.getAttribute("html", "lang") !== wanted) {
    await page.tap("#language");
    assert.equal(await page.getAttribute("html", "lang"), wanted);
  }
}

// A list is fetched after its screen is drawn.
async function rowsThere(page) {
  if (await page.locator(".list").count() > 0) {
    await page.waitForSelector(".list > :not(.empty)");
  }
}

const keys = (text) => [...text].map((c) => "key-" + c);
const shown = (page) => page.locator(".code").innerText().then((t) => t.replace(/\s/g, ""));

for (const shape of Object.keys(SHAPES)) {
  for (const language of ["zh", "en"]) {
    test(`every screen fits, ${shape} ${language}`, async () => {
      const page = await fresh({ screen: "home", doors_open: 9 }, shape);
      for (const [name, view] of Object.entries(VIEWS)) {
        await show(demo, page, { screen: "opening", door: "A01" });
        await show(demo, page, view);
        await speak(page, language);
        await rowsThere(page);
        assert.deepEqual(await findFaults(page), [], name);
      }
      await done(page);
    });

    test(`the pads fit, ${shape} ${language}`, async () => {
      const page = await fresh(VIEWS.home, shape);
      if (language === "en") {
        await page.tap("#language");
      }
      await tap(page, "staff", "key-1");
      assert.deepEqual(await findFaults(page), [], "staff pad");
      await tap(page, "letters");
      assert.deepEqual(await findFaults(page), [], "staff letters");
      await show(demo, page, VIEWS.scan);
      await tap(page, "manual");
      assert.deepEqual(await findFaults(page), [], "by hand");
      await done(page);
    });
  }
}

test("a code typed by finger is posted", async () => {
  const page = await fresh();
  assert.ok(await page.isDisabled('[data-id="enter"]'));
  await tap(page, ...keys("12355"), "key-退格", "key-退格", ...keys("45678"));
  assert.equal(await shown(page), "12345678");
  await tap(page, "key-9");
  assert.equal(await shown(page), "12345678", "a ninth digit is not taken");
  await tap(page, "enter");
  const act = await demo.act();
  assert.deepEqual([act.act, act.text], ["code", "12345678"]);
  assert.equal(await shown(page), "", "nothing typed stays");
  await done(page);
});

test("digits of the keypad beside the screen are dots, and none of them is posted by the page", async () => {
  const page = await fresh();
  demo.send({ keyed: 3 });
  await page.waitForFunction(() => document.querySelectorAll(".cell.filled").length === 3);
  assert.equal(await shown(page), "●●●");
  assert.ok(await page.isDisabled('[data-id="enter"]'), "the page has nothing to confirm");
  demo.send({ keyed: 0 });
  await page.waitForFunction(() => document.querySelectorAll(".cell.filled").length === 0);
  await done(page);
});

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

test("clear empties the code", async () => {
  const page = await fresh();
  await tap(page, ...keys("123"), "key-清空");
  assert.equal(await shown(page), "");
  await done(page);
});

test("a keyboard types a code, Enter sends it", async () => {
  const page = await fresh();
  await page.keyboard.type("87654321");
  await page.keyboard.press("Enter");
  const act = await demo.act();
  assert.deepEqual([act.act, act.text], ["code", "87654321"]);
  await done(page);
});

test("what a keyboard-wedge scanner types is posted as a scan", async () => {
  const page = await fresh();
  for (const token of ["q7Xr-_9AbCdEfGhIjKlMnO", "690123456789012"]) {
    await page.keyboard.type(token);
    await page.keyboard.press("Enter");
    const act = await demo.act();
    assert.deepEqual([act.act, act.text], ["scan", token]);
  }
  await done(page);
});

test("a barcode scanned before the last one was answered is not lost, a touch is", async () => {
  const page = await fresh(VIEWS.scan);
  demo.send({ answer: null });
  await page.keyboard.type("FIRST-1");
  await page.keyboard.press("Enter");
  assert.equal((await demo.act()).text, "FIRST-1");
  await page.keyboard.type("SECOND-2");
  await page.keyboard.press("Enter");
  await page.evaluate(() => document.querySelector('[data-id="sign_out"]').click());
  await page.waitForTimeout(200);
  assert.equal(demo.acts.length, 0, "one act at a time");
  demo.send({ answer: { result: "ok" } });
  assert.equal((await demo.act()).text, "SECOND-2");
  await page.waitForTimeout(200);
  assert.equal(demo.acts.length, 0);
  await done(page);
});

test("Enter after a scan does not press the focused button", async () => {
  const page = await fresh(VIEWS.placed);
  await page.focus('[data-id="done"]');
  await page.keyboard.type("YL-2026-000124");
  await page.keyboard.press("Enter");
  const act = await demo.act();
  assert.deepEqual([act.act, act.text], ["scan", "YL-2026-000124"]);
  await done(page);
});

test("digits at work are a barcode, not a code", async () => {
  const page = await fresh(VIEWS.scan);
  await page.keyboard.type("12345678");
  await page.keyboard.press("Enter");
  assert.equal((await demo.act()).act, "scan");
  await done(page);
});

test("everything works by keyboard alone, with a visible focus", async () => {
  const page = await fresh();
  const wanted = { "taken-all": ["open_again", "rate-3", "nothing_inside"], refuse_ask: ["confirm"], "home-all": ["drop_off"],
    "size-join": ["join", "size-M"], window_item: ["hand_over", "refuse"] };
  for (const [name, ids] of Object.entries(wanted)) {
    for (const id of ids) {
      await show(demo, page, VIEWS.opening);
      await show(demo, page, VIEWS[name]);
      const focused = () => page.evaluate(() => document.activeElement.dataset.id);
      for (let i = 0; i < 20 && await focused() !== id; i++) {
        await page.keyboard.press("Tab");
      }
      assert.equal(await focused(), id, "reached with the Tab key");
      const width = await page.evaluate(() => parseFloat(getComputedStyle(document.activeElement).outlineWidth));
      assert.ok(width >= 3, "focus is drawn");
      await page.keyboard.press("Enter");
      assert.equal((await demo.act()).button, id.replace(/-.*/, ""));
    }
  }
  await done(page);
});

// Buttons that say more than their name have tests of their own.
const SAYS_MORE = ["size", "recall_item", "rate"];

test("each button of each screen posts its own name", async () => {
  const page = await fresh();
  const pressed = new Set();
  for (const view of Object.values(VIEWS)) {
    const names = (view.buttons ?? []).filter((name) => !SAYS_MORE.includes(name) &&
      !(view.screen === "notice" && name === "back") && !pressed.has(view.screen + name));
    for (const name of names) {
      await show(demo, page, { screen: "opening", door: "A01" });
      await show(demo, page, view);
      await tap(page, name);
      const act = await demo.act();
      assert.deepEqual([act.act, act.button, act.item], ["button", name, ""]);
      pressed.add(view.screen + name);
    }
  }
  assert.ok(pressed.size > 60, `${pressed.size} pairs of screen and button`);
  await done(page);
});

test("a size is chosen, a full one cannot be", async () => {
  const page = await fresh(VIEWS.size);
  assert.ok(await page.isDisabled('[data-id="size-L"]'));
  await tap(page, "size-M");
  const act = await demo.act();
  assert.deepEqual([act.button, act.size], ["size", "M"]);
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
  await done(page);
});

test("a refusal is asked once more, and not to refuse is the easy answer", async () => {
  const page = await fresh(VIEWS.refuse_ask);
  assert.match(await page.locator("main").innerText(), /退回办理单位，取件码马上失效/);
  assert.equal(await page.locator("button.primary").getAttribute("data-id"), "back");
  await show(demo, page, VIEWS["give_back-rejected"]);
  assert.match(await page.locator("h1").innerText(), /放回 A07/);
  assert.match(await page.locator("main").innerText(), /会退回办理单位/);
  await show(demo, page, VIEWS["opening"]);
  await show(demo, page, VIEWS["give_back-not_mine"]);
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

test("the recall list shows every item and opens the touched one", async () => {
  const page = await fresh(VIEWS.recall_list);
  await page.waitForSelector(".recall");
  assert.equal(await page.locator(".recall").count(), RECALLS.length);
  await page.locator('[data-id="recall-YL-2026-000020"]').tap();
  const act = await demo.act();
  assert.deepEqual([act.button, act.item], ["recall_item", "YL-2026-000020"]);
  await done(page);
});

test("staff sign in by number and PIN, and the PIN is never on the page", async () => {
  const page = await fresh();
  await tap(page, "staff", "letters", "key-C", "letters", ...keys("1001"), "field-pin", ...keys("2468"));
  const html = await page.content();
  assert.ok(html.includes("C1001") && !html.includes("2468"));
  await tap(page, "sign-in");
  const act = await demo.act();
  assert.deepEqual([act.act, act.staff, act.pin], ["sign_in", "C1001", "2468"]);
  await done(page);
});

test("a barcode that cannot be scanned is typed by hand", async () => {
  const page = await fresh(VIEWS.scan);
  await tap(page, "manual", ...keys("YL-20"), "enter");
  const act = await demo.act();
  assert.deepEqual([act.act, act.text], ["scan", "YL-20"]);
  await done(page);
});

test("English by one touch, Chinese again for the next person", async () => {
  const page = await fresh();
  assert.match(await page.locator("h1").innerText(), /取件码/);
  await page.tap("#language");
  assert.match(await page.locator("h1").innerText(), /pickup code/);
  assert.equal(await page.getAttribute("html", "lang"), "en");
  await show(demo, page, VIEWS.take);
  assert.match(await page.locator("h1").innerText(), /is open/);
  await show(demo, page, VIEWS.home);
  assert.match(await page.locator("h1").innerText(), /取件码/);
  assert.equal(await page.getAttribute("html", "lang"), "zh-CN");
  await done(page);
});

test("a lockout hides the keypad, counts down, and leaves the QR way open", async () => {
  const page = await fresh(VIEWS["home-locked"]);
  assert.equal(await page.locator(".pad").count(), 0);
  assert.match(await page.locator(".count").innerText(), /5[678] 秒/);
  await page.keyboard.type("q7Xr-_9AbCdEfGhIjKlMnO");
  await page.keyboard.press("Enter");
  assert.equal((await demo.act()).act, "scan");
  await done(page);
});

test("what a screen says is announced to a screen reader", async () => {
  const page = await fresh();
  await show(demo, page, VIEWS.take);
  const said = page.locator("#announce[aria-live=polite]");
  assert.match(await said.innerText(), /A07 号柜门已打开.*请取出您的文件/s);
  await done(page);
});

test("a refusal that has no screen of its own is said all the same", async () => {
  const page = await fresh(VIEWS.put);
  demo.send({ answer: { result: "refused", reason: "not_now" } });
  await tap(page, "larger");
  await page.waitForSelector("#toast:not([hidden])");
  assert.match(await page.locator("#toast").innerText(), /现在不能做这一步/);
  await demo.act();
  await done(page);
});

test("two quick touches post one act", async () => {
  const page = await fresh(VIEWS.taken);
  demo.send({ answer: null });
  await page.evaluate(() => {
    document.querySelector('[data-id="open_again"]').click();
    document.querySelector('[data-id="open_again"]').click();
  });
  await demo.act();
  await page.waitForTimeout(200);
  assert.equal(demo.acts.length, 0);
  await done(page);
});

test("a half-typed code does not wait for the next person", async () => {
  const own = await startDemo("--tick", "50");
  const page = await openPage(browser, own, "portrait", /^$/, (fake) => fake.clock.install());
  await page.waitForSelector(".home, .panel");
  await show(own, page, VIEWS.home);
  await tap(page, ...keys("123"));
  for (const expected of ["123", "123", "123", ""]) {
    assert.equal(await shown(page), expected);
    await page.clock.runFor(11000); // below the watchdog's 15 s
    await page.waitForTimeout(200); // real ticks feed it meanwhile
  }
  assert.ok(await page.isHidden("#wait"));
  await done(page);
  await own.stop();
});

test("the daemon restarts: one moment, then a fresh page that works", async () => {
  let own = await startDemo();
  own.show({ screen: "take", door: "A07" });
  const page = await openPage(browser, own, "portrait", /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE|ERR_EMPTY|Failed to load/);
  const before = await page.getAttribute('meta[name="locker-token"]', "content");
  await own.stop();
  await page.waitForSelector("#wait:not([hidden])");
  assert.match(await page.locator("#wait").innerText(), /请稍等.*One moment/s);
  own = await startDemo("--port", own.port);
  own.show({ screen: "home" });
  await page.waitForSelector("#wait[hidden]", { state: "attached", timeout: 15000 });
  await page.waitForSelector('main[data-screen="home"]');
  assert.notEqual(await page.getAttribute('meta[name="locker-token"]', "content"), before);
  await page.keyboard.type("11112222");
  await page.keyboard.press("Enter");
  assert.equal((await own.act()).text, "11112222");
  await done(page);
  await own.stop();
});

test("a stream that has gone quiet is given up after 15 s", async () => {
  const quiet = await startDemo("--tick", "900000");
  const page = await openPage(browser, quiet, "portrait", /^$/, (fake) => fake.clock.install());
  await page.clock.runFor(14000);
  assert.ok(await page.isHidden("#wait"));
  await page.clock.runFor(2000);
  await page.waitForSelector("#wait:not([hidden])");
  const reloaded = page.waitForEvent("load");
  await page.clock.runFor(3000);
  await reloaded;
  await page.waitForSelector("#wait[hidden]", { state: "attached" });
  await done(page);
  await quiet.stop();
});
