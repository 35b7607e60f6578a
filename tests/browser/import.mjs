// A GB18030 file of 1,000 people is imported, with the meaning of its columns chosen by hand.
import { openSection, sees, signIn } from "./lib/admin.mjs";
import { TIMEOUT, assert, assertEqual, facts, story } from "./lib/story.mjs";

/** Chooses the meaning of a column. */
async function choose(page, heading, meaning, attribute) {
  const row = page.locator("table.mapping tbody tr").filter({ has: page.getByText(heading, { exact: true }) });
  await row.getByRole("combobox").selectOption({ label: meaning });
  if (attribute) await row.getByLabel("name of the attribute").fill(attribute);
}

/** Waits until the import is in a state: with JavaScript it updates by itself, without it by reloads. */
async function reaches(page, state) {
  const shown = page.locator(".title-row .state");
  if (facts.javascript) return shown.getByText(state, { exact: true }).waitFor();
  const until = Date.now() + TIMEOUT;
  while ((await shown.innerText()) !== state) {
    assert(Date.now() < until, `the import does not reach the state “${state}”`);
    await page.reload();
  }
}

/** Waits until a part of the page is gone, as {@link reaches} does for a state. */
async function disappears(page, part) {
  if (facts.javascript) return part.waitFor({ state: "detached" });
  const until = Date.now() + TIMEOUT;
  while ((await part.count()) > 0) {
    assert(Date.now() < until, "the part of the page does not disappear");
    await page.reload();
  }
}

await story(async ({ page, watch, step }) => {
  await step("upload the file", async () => {
    await signIn(page);
    await openSection(page, "Subscribers");
    await page.getByRole("link", { name: "Import…" }).first().click();
    await page.getByLabel("File").setInputFiles(facts.file);
    await page.getByRole("button", { name: "Upload" }).click();
    await sees(page, "The file is stored. Check how it is read.");
  });
  await step("read it as GB18030", async () => {
    await page.getByLabel("Encoding").selectOption("Big5");
    await page.getByRole("button", { name: "Read again" }).click();
    await page.waitForURL(/encoding=Big5/);
    await page.getByLabel("Encoding").selectOption("GB18030");
    await page.getByRole("button", { name: "Read again" }).click();
    await page.waitForURL(/encoding=GB18030/);
    await sees(page, "王小明0");
  });
  await step("a form without consent keeps what was chosen", async () => {
    await choose(page, "联系方式", "e-mail address");
    await choose(page, "称呼", "name");
    await choose(page, "小组", "tags");
    await choose(page, "入学年份", "new attribute…", "year");
    await choose(page, "内部编号", "not imported");
    await page.getByLabel("The people have agreed").check();
    watch.expects(422);
    await page.getByRole("button", { name: "Check only" }).click();
    await sees(page, "State how and when the person agreed");
    assert(await page.getByLabel("The people have agreed").isChecked(), "the choice of consent is kept");
    const chosen = await page.locator("table.mapping select").evaluateAll((all) => all.map((one) => one.selectedOptions[0].value));
    assertEqual(chosen, ["email", "name", "tags", "attribute year", ""], "meanings of the columns");
  });
  await step("check the file", async () => {
    await page.getByLabel("How and when the person agreed").fill("paper form, open day");
    await page.getByRole("button", { name: "Check only" }).click();
    await reaches(page, "Checked");
    const rejected = page.locator("section", { has: page.getByRole("heading", { name: "Rejected lines" }) }).locator("tbody tr");
    assertEqual(await rejected.locator("td.number").innerText(), "502", "rejected line");
  });
  await step("import the valid lines", async () => {
    // The form of the next step appears when the check has ended.
    assertEqual(await page.getByLabel("How and when the person agreed").inputValue(), "paper form, open day", "consent");
    page.on("dialog", (dialog) => dialog.accept());
    await page.getByRole("button", { name: /^Import the .* valid lines$/ }).click();
    await reaches(page, "Imported");
    const counts = await page.locator(".outcome-list").innerText();
    assert(counts.includes("1,000") && counts.includes("new people"), counts);
  });
  await step("a second file shows whose values it changes", async () => {
    const { pathname } = new URL(page.url());
    await openSection(page, "Subscribers");
    await page.getByRole("link", { name: "Import…" }).first().click();
    const buffer = Buffer.from(`email,name\n${facts.changed},Another Name\n`);
    await page.getByLabel("File").setInputFiles({ name: "again.csv", mimeType: "text/csv", buffer });
    await page.getByRole("button", { name: "Upload" }).click();
    await page.getByRole("button", { name: "Check only" }).click();
    await reaches(page, "Checked");
    await sees(page, "The import changes stored values of one person.");
    const change = await page.locator(".change-list li").first().innerText();
    assert(change.startsWith("name: 王小明") && change.endsWith("→ Another Name"), change);
    await page.getByLabel("Leave existing people as they are").check();
    await page.getByRole("button", { name: "Check only" }).click();
    await disappears(page, page.locator(".change-list"));
    await reaches(page, "Checked");
    await page.getByRole("button", { name: "Cancel the import" }).click();
    await reaches(page, "Cancelled");
    await page.goto(new URL(pathname, page.url()).href);
  });
  await step("a repeated start does nothing", async () => {
    await page.reload();
    assertEqual(await page.getByRole("button", { name: /^Import/ }).count(), 0, "buttons to import");
    await openSection(page, "Subscribers");
    await sees(page, /1,?000 people/);
  });
});
