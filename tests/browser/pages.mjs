// Every page in the languages of the facts: accessible in light and dark, on phones and wide windows, never wider than the
// window, and light.
import { axeFindings, excessBytes, excessWidth } from "./lib/audit.mjs";
import { at, signIn } from "./lib/admin.mjs";
import { fillDatabase } from "./lib/data.mjs";
import { ask, assert, facts, story } from "./lib/story.mjs";
import { Walk } from "./lib/walk.mjs";

const PHONE = { width: 390, height: 844 };
const WIDE = { width: 1280, height: 900 };
/** Narrowest phone on which readers open the public pages. */
const NARROW = { width: 320, height: 568 };
/** Window of 1280 pixels at 200 % zoom. */
const ZOOMED = { width: 640, height: 450 };
/** Rules of axe-core whose outcome depends on the colours. */
const COLOUR_RULES = ["color-contrast", "link-in-text-block"];
/** Pages that no other page links to, or that differ from others of their form. */
const NAMED = [
  "/admin/",
  "/admin/profile",
  "/admin/find?q=a",
  "/admin/feeds/workshops/edit",
  "/admin/digests/fortnight",
  "/admin/segments/chinese",
  "/admin/sources/gone",
];
/** Fewest pages that a walk opens; with fewer, a list has lost its links. */
const FEWEST_PAGES = 50;

let failures = 0;

/** Checks of the pages of one language. */
class Checks {
  constructor(page, watch, language) {
    Object.assign(this, { page, watch, language });
  }

  note(path, setting, found) {
    failures += found.length;
    found.forEach((one) => process.stderr.write(`${path} (${this.language}, ${setting}): ${one}\n`));
  }

  async checkWidth(path, size) {
    await this.page.setViewportSize(size);
    const excess = await excessWidth(this.page);
    if (excess > 0) this.note(path, `${size.width} px`, [`${excess} px wider than the window`]);
  }

  async check(path, size, colorScheme, rules) {
    await this.page.emulateMedia({ colorScheme });
    await this.checkWidth(path, size);
    this.note(path, `${size.width} px, ${colorScheme}`, await axeFindings(this.page, rules));
  }

  /** Checks the page that is open: in English in all modes and widths, in other languages in two of them. */
  async checkPage(path) {
    if (this.language !== "en") {
      await this.check(path, PHONE, "light");
      await this.check(path, WIDE, "dark", COLOUR_RULES);
      return;
    }
    await this.check(path, WIDE, "light");
    await this.check(path, WIDE, "dark", COLOUR_RULES);
    await this.check(path, PHONE, "light");
    await this.check(path, PHONE, "dark", COLOUR_RULES);
    await this.checkWidth(path, ZOOMED);
    if (!path.startsWith("/admin")) await this.checkWidth(path, NARROW);
  }

  /** Opens and checks a page, and adds its links to a walk. */
  async open(path, walk, status = 200) {
    if (status !== 200) this.watch.expects(status);
    const response = await this.page.goto(at(path));
    assert(response.status() === status, `${path}: status ${response.status()}`);
    const bytes = await excessBytes(this.page, response);
    if (bytes > 0) this.note(path, "any width", [`${bytes} bytes with style and script`]);
    await walk?.addLinks(this.page);
    await this.checkPage(path);
    this.watch.check();
  }

  /** Sends the form of a page with mistakes, and checks what it shows. */
  async sendMistakes(path) {
    await this.page.goto(at(path));
    this.watch.expects(422);
    // The browser itself would reject empty fields.
    await this.page.locator("form").evaluateAll((forms) => forms.forEach((form) => (form.noValidate = true)));
    await this.page.locator("main form:has(input:not([type=hidden])):not(.search-row) .actions button").first().click();
    await this.page.locator("main [role=alert], main .field-error").first().waitFor();
    await this.checkPage(`${path} after a mistake`);
    this.watch.check();
  }
}

async function checkLanguage({ page, watch, step }, language) {
  const checks = new Checks(page, watch, language);
  const query = language === "en" ? "" : `?lang=${language}`;
  await step("public pages", async () => {
    const walk = new Walk();
    ["/", "/admin/login", ...facts.paths].forEach((path) => walk.add(path + query));
    for (let path = walk.next(); path; path = walk.next()) await checks.open(path, walk);
    await checks.open(`/nothing-here${query}`, null, 404);
  });
  await step("sign in", async () => {
    await page.setViewportSize(WIDE);
    await signIn(page);
    if (language === "en") return;
    await page.locator(`form.languages button[value="${language}" i]`).click();
    await page.locator(`html[lang="${language}" i]`).waitFor();
  });
  await step("pages of the admin area", async () => {
    const walk = new Walk();
    [...NAMED, ...facts.adminPaths].forEach((path) => walk.add(path));
    let pages = 0;
    for (let path = walk.next(); path; path = walk.next()) {
      if (!path.startsWith("/admin")) continue;
      await checks.open(path, walk);
      pages += 1;
    }
    assert(pages >= FEWEST_PAGES, `the walk opened only ${pages} pages`);
    await ask(`opened ${pages} pages`);
  });
  await step("rejected forms", async () => {
    await checks.open("/admin/subscribers?where=langage", null, 422);
    for (const path of facts.forms) await checks.sendMistakes(path);
  });
}

await story(async (told) => {
  await told.step("fill the database", fillDatabase);
  await checkLanguage(told, facts.language);
  assert(failures === 0, `${failures} findings, see above`);
});
