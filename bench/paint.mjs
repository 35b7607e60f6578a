// Measures the first paint of each page of the admin area in a browser whose processor is slowed down; see bench/README.md.
//
//   COURANT_TEST_BROWSER=DIR node bench/paint.mjs http://127.0.0.1:8080
import { BROWSER, PAGES, pathOf, signIn } from "../tests/browser/lib/demo.mjs";
import { require } from "../tests/browser/lib/modules.mjs";

const { chromium } = require("playwright-core");

const base = process.argv[2];
/** Factor by which the processor is slower. */
const SLOWDOWN = 4;
/** Number of measurements of each page; the first fills the caches. */
const ROUNDS = 6;
/** Longest time until the first paint, in milliseconds. */
const GOAL = 500;

/** Returns the time of the first contentful paint of a page, in milliseconds. */
async function firstPaint(page, path) {
  await page.goto(base + path);
  return page.evaluate(
    () =>
      new Promise((resolve) => {
        const found = (entries) => {
          const paint = entries.find((entry) => entry.name === "first-contentful-paint");
          if (paint) resolve(paint.startTime);
        };
        new PerformanceObserver((list) => found(list.getEntries())).observe({ type: "paint", buffered: true });
      }),
  );
}

const browser = await chromium.launch(BROWSER);
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
await signIn(page, base);
const session = await page.context().newCDPSession(page);
const rows = [];
for (const [name, place] of Object.entries(PAGES)) {
  const path = await pathOf(page, base, place);
  await session.send("Emulation.setCPUThrottlingRate", { rate: SLOWDOWN });
  const times = [];
  for (let round = 0; round < ROUNDS; round++) times.push(await firstPaint(page, path));
  await session.send("Emulation.setCPUThrottlingRate", { rate: 1 });
  const measured = times.slice(1).sort((one, other) => one - other);
  rows.push({ name, median: measured[Math.floor(measured.length / 2)], longest: measured.at(-1) });
}
await browser.close();
console.log("| page | first paint, median, ms | longest, ms |\n|---|---:|---:|");
for (const { name, median, longest } of rows) console.log(`| ${name} | ${median.toFixed(0)} | ${longest.toFixed(0)} |`);
const missed = rows.filter((row) => row.median > GOAL).map((row) => row.name);
if (missed.length > 0) {
  console.error(`bench/paint.mjs: later than ${GOAL} ms: ${missed.join(", ")}`);
  process.exitCode = 1;
}
