// Starts face-demo and talks to it; starts Chromium. What the browser tests and screenshots.mjs share.

import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import process from "node:process";

// playwright-core is installed in the build folder, not beside the sources.
const { chromium } = createRequire(process.env.KIOSK_MODULES + "/x.js")("playwright-core");

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

export const SHAPES = { portrait: { width: 1080, height: 1920 }, landscape: { width: 1280, height: 800 } };

const children = new Set();

export async function startDemo(...options) {
  const child = spawn(process.env.FACE_DEMO, ["--phone", "0912-3281234", ...options],
    { stdio: ["pipe", "pipe", "inherit"] });
  children.add(child);
  const lines = createInterface({ input: child.stdout });
  const waiting = [];
  const acts = [];
  let first;
  const started = new Promise((resolve, reject) => {
    first = resolve;
    child.on("exit", (code) => reject(new Error("face-demo ended with " + code)));
  });
  started.catch(() => {});
  lines.on("line", (line) => {
    const value = JSON.parse(line);
    if (value.url) {
      first(value.url);
    } else if (waiting.length > 0) {
      waiting.shift()(value);
    } else {
      acts.push(value);
    }
  });
  const url = await started;
  return {
    url,
    port: new URL(url).port,
    acts,
    send: (command) => child.stdin.write(JSON.stringify(command) + "\n"),
    show: (view) => child.stdin.write(JSON.stringify({ view }) + "\n"),
    // The next act the page posts. A page that posts none fails its test, and not the clock of the whole run.
    act: () => acts.length > 0 ? Promise.resolve(acts.shift()) : new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error("the page posted nothing for 10 s")), 10000);
      waiting.push((value) => {
        clearTimeout(late);
        resolve(value);
      });
    }),
    // Acts that nobody asked for, and those who still wait for one.
    forget: () => {
      acts.length = 0;
      waiting.length = 0;
    },
    stop: () => new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) {
        resolve();
        return;
      }
      child.on("exit", resolve);
      child.kill();
    }),
  };
}

// Ends whatever a failed test left behind.
export async function stopDemos() {
  for (const child of children) {
    child.kill();
  }
}

export function startBrowser() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", headless: true, args: FLAGS });
}

// A page of that shape on the demo. Everything the console complains about is gathered in page.complaints.
export async function openPage(browser, demo, shape, expected = /^$/, prepare = async () => {}) {
  const context = await browser.newContext({ viewport: SHAPES[shape], hasTouch: true });
  const page = await context.newPage();
  page.setDefaultTimeout(10000);
  page.complaints = [];
  const complain = (text) => expected.test(text) || page.complaints.push(text);
  page.on("console", (message) => message.type() === "error" && complain(message.text()));
  page.on("pageerror", (error) => complain(String(error)));
  await prepare(page);
  await page.goto(demo.url);
  await page.waitForSelector("main[data-screen]");
  return page;
}

// Shows a view and waits until the page has drawn it.
export async function show(demo, page, view) {
  const mark = "m" + Math.random().toString(36).slice(2, 9);
  await page.evaluate((value) => document.querySelector("main").firstElementChild.setAttribute("data-old", value), mark);
  demo.show(view);
  await page.waitForFunction(([value, screen]) => {
    const main = document.querySelector("main");
    return main.dataset.screen === screen && main.firstElementChild.dataset.old !== value;
  }, [mark, view.screen]);
}
