// Runs the steps of a story in Chromium, and lets it fail for each error that the browser reports.
//
// The first argument of the process has the facts of the world as JSON: `base` (the address of the server), `javascript`
// (`false` runs the story without it), `screenshots` (a directory), and what the story needs.
import { createInterface } from "node:readline";
import { join } from "node:path";
import { require } from "./modules.mjs";

const { chromium } = require("playwright-core");

export const facts = JSON.parse(process.argv[2]);

/** Longest wait for one event of a page, in milliseconds. Only a broken program takes that long. */
export const TIMEOUT = 300_000;
/** Longest time of a whole story in milliseconds. */
const STORY_TIMEOUT = 900_000;
/** Error of a request that the browser itself ended. */
const NAVIGATION_ENDED = "net::ERR_ABORTED";

const replies = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Sends a request to the test that started this process, and returns the reply. */
export async function ask(request) {
  process.stdout.write(`${request}\n`);
  return (await replies.next()).value;
}

/** Starts Chromium, which can reach no other host. */
export async function launch() {
  const args = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--disable-gpu"];
  if (process.getuid() === 0) args.push("--no-sandbox");
  return chromium.launch({ executablePath: facts.chromium, args });
}

/** Collects what the browser reports of a page, except for responses with a status that the story expects. */
export class Watch {
  problems = [];
  expected = [];

  constructor(page) {
    const report = (text) => this.problems.push(`${text} (at ${page.url()})`);
    const host = new URL(facts.base).host;
    page.on("console", (message) => {
      // Responses are checked below.
      if (message.text().startsWith("Failed to load resource")) return;
      if (["error", "warning"].includes(message.type())) report(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => report(`script error: ${error.message}`));
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.protocol.startsWith("http") && url.host !== host) report(`request to another host: ${url}`);
    });
    page.on("requestfailed", (request) => {
      const { errorText } = request.failure();
      // A stream, a download or the page before a navigation is ended by the browser.
      if (errorText !== NAVIGATION_ENDED) report(`request failed: ${request.url()}: ${errorText}`);
    });
    page.on("response", (response) => {
      if (response.status() < 400) return;
      const at = this.expected.indexOf(response.status());
      if (at >= 0) this.expected.splice(at, 1);
      else report(`status ${response.status()}: ${response.request().method()} ${response.url()}`);
    });
  }

  /** Allows one response with each of these statuses. */
  expects(...statuses) {
    this.expected.push(...statuses);
  }

  /** Throws what was reported since the last call. */
  check() {
    const problems = this.problems.splice(0);
    if (problems.length > 0) throw new Error(problems.join("\n"));
    const missing = this.expected.splice(0);
    if (missing.length > 0) throw new Error(`no response had the status ${missing}`);
  }
}

/** Throws unless a condition holds. */
export function assert(condition, message) {
  if (!condition) throw new Error(message);
}

/** Throws unless two values are equal as JSON. */
export function assertEqual(found, expected, message = "values differ") {
  const [left, right] = [JSON.stringify(found), JSON.stringify(expected)];
  assert(left === right, `${message}: ${left} instead of ${right}`);
}

/** Runs a story: `tell` gets the page, its watch, and `step`, with which it names its steps. */
export async function story(tell, options = {}) {
  const name = process.argv[1].split("/").pop().replace(".mjs", "");
  const browser = await launch();
  const context = await browser.newContext({
    javaScriptEnabled: facts.javascript !== false,
    viewport: { width: 1280, height: 900 },
    locale: "en",
    reducedMotion: "reduce",
    ...options,
  });
  context.setDefaultTimeout(TIMEOUT);
  const page = await context.newPage();
  const watch = new Watch(page);
  let current = "begin";
  const fail = async (error) => {
    const file = join(facts.screenshots, `${name}${facts.javascript === false ? "-without-javascript" : ""}.png`);
    await page.screenshot({ path: file, fullPage: true }).catch(() => {});
    process.stderr.write(`step "${current}" failed at ${page.url()}: ${error.message}\nscreenshot: ${file}\n`);
    process.exit(1);
  };
  const limit = setTimeout(fail, STORY_TIMEOUT, new Error("the story takes too long"));
  const step = async (title, run) => {
    current = title;
    await run();
    watch.check();
  };
  try {
    await tell({ page, context, watch, step });
  } catch (error) {
    await fail(error);
  }
  clearTimeout(limit);
  await browser.close();
  process.exit(0);
}
