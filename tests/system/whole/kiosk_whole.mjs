// A courier and two citizens at the real kiosk page of a real daemon, by finger and by scanner. What happens at the
// cabinet is done by the parent process: this prints one JSON line per wish and reads one line when it is done.

import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import process from "node:process";
import { openPage, startBrowser } from "../kiosk/demo.mjs";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function ask(wish) {
  process.stdout.write(JSON.stringify(wish) + "\n");
  const { value } = await lines.next();
  return JSON.parse(value);
}

const url = process.env.KIOSK_URL;
const browser = await startBrowser();
// While the daemon restarts the browser complains about the lost connection; that is what the test wants.
const page = await openPage(browser, { url }, "portrait", /Failed to load resource|ERR_|net::/);

const screen = (name) => page.waitForSelector(`main[data-screen="${name}"]`);
const tap = async (...ids) => {
  for (const id of ids) {
    await page.tap(`[data-id="${id}"]`);
  }
};
const keys = (text) => [...text].map((c) => "key-" + c);
const labelled = async (label) => assert.match(await page.locator("main").innerText(), new RegExp(label));

async function signIn() {
  await tap("staff", ...keys("1001"));
  await tap("field-pin", ...keys("2468"), "sign-in");
  await screen("staff_menu");
}

async function deposit(item, size, put) {
  await ask({ do: "scan", text: item });
  await screen("size");
  await tap("size-" + size);
  await screen("put");
  const { door } = await ask({ do: put, item });
  await labelled(door);
  await screen("placed");
  return door;
}

try {
  await screen("home");
  await signIn();
  await tap("deposit");
  await screen("scan");
  const first = await deposit("Y1", "S", "put");
  await tap("done");
  await screen("scan");
  const second = await deposit("Y2", "S", "put");
  await tap("sign_out");
  await screen("home");

  await tap(...keys("00000000"), "enter");
  await screen("notice");
  await page.tap("#language");
  await labelled("not found");
  await tap("done");
  await screen("home");

  await tap(...keys("11112222"), "enter");
  await screen("take");
  await labelled(first);
  await ask({ do: "take" });
  await screen("taken");
  await tap("open_again");
  await screen("take");
  await ask({ do: "shut" });
  await screen("taken");
  await tap("done");
  await screen("home");

  await ask({ do: "restart" });
  await screen("home"); // the page came back by itself, with the new boot's token
  await ask({ do: "scan", text: "token-of-item-two-0123456789" });
  await screen("take");
  await labelled(second);
  await ask({ do: "take" });
  await screen("taken");
  assert.deepEqual(page.complaints, []);
  process.stdout.write(JSON.stringify({ done: true }) + "\n");
} catch (error) {
  await page.screenshot({ path: process.env.KIOSK_SHOT }).catch(() => {});
  process.stdout.write(JSON.stringify({ failed: String(error.stack ?? error) }) + "\n");
  process.exitCode = 1;
} finally {
  await browser.close();
  process.stdin.destroy();
}
