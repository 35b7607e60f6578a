// Checks of a page: accessibility with axe-core, sideways scrolling, and its weight.
import { readFileSync } from "node:fs";
import { require } from "./modules.mjs";

const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
/** Impacts of findings that are failures. */
const FAILURES = ["serious", "critical"];
/** Maximum weight of a page with its style and script, uncompressed, in bytes. */
const MAX_PAGE_BYTES = 100_000;
/** The same of the reference of the API, which shows all operations. */
const MAX_REFERENCE_BYTES = 125_000;

/** Returns the serious findings of axe-core; `rules` restricts them. */
export async function axeFindings(page, rules) {
  // A page that was checked before has axe-core already.
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(AXE);
  const options = { resultTypes: ["violations"], ...(rules ? { runOnly: { type: "rule", values: rules } } : {}) };
  const { violations } = await page.evaluate((options) => axe.run(document, options), options);
  const failures = violations.filter((one) => FAILURES.includes(one.impact));
  return failures.map(({ id, nodes }) => {
    const [reason] = nodes[0].failureSummary.split("\n").slice(1);
    return `${id} ×${nodes.length}: ${nodes[0].target.join(" ")}: ${reason.trim()}`;
  });
}

/** Returns by how many pixels a page is wider than the window. */
export async function excessWidth(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
}

/** Returns the weight of a page with its style and script in bytes, uncompressed, if it is too large; otherwise 0. */
export async function excessBytes(page, response) {
  const resources = await page.evaluate(() =>
    performance
      .getEntriesByType("resource")
      .filter((one) => /\.(css|js)(\?|$)/.test(new URL(one.name).pathname))
      .map((one) => one.decodedBodySize),
  );
  const bytes = resources.reduce((sum, bytes) => sum + bytes, (await response.body()).length);
  const maximum = new URL(response.url()).pathname.startsWith("/api") ? MAX_REFERENCE_BYTES : MAX_PAGE_BYTES;
  return bytes > maximum ? bytes : 0;
}
