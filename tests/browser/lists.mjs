// People are found by a filter, tagged in bulk, and exported.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { at, sees, signIn } from "./lib/admin.mjs";
import { TIMEOUT, assert, assertEqual, facts, story } from "./lib/story.mjs";

await story(async ({ page, watch, step }) => {
  const save = async (link, name) => {
    const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
    const file = join(facts.directory, name);
    await download.saveAs(file);
    return readFileSync(file, "utf8");
  };
  await step("search for a part of an address", async () => {
    await signIn(page);
    await page.goto(at("/admin/subscribers"));
    await sees(page, "120 people");
    await page.getByRole("searchbox", { name: "Address or name" }).fill("Reader 11");
    await page.getByRole("button", { name: "Search" }).click();
    await sees(page, "11 people");
    assert(page.url().includes("q=Reader"), page.url());
  });
  await step("a mistake in a filter is shown at its place", async () => {
    await page.goto(at("/admin/subscribers"));
    watch.expects(...(facts.javascript ? [] : [422]));
    await page.locator("summary", { hasText: "Filter" }).click();
    await page.getByRole("textbox", { name: "Filter" }).fill('langage = "zh"');
    await page.getByRole("button", { name: "Search" }).click();
    await page.locator("#where-error").waitFor();
    assertEqual(await page.getByRole("textbox", { name: "Filter" }).inputValue(), 'langage = "zh"', "filter");
  });
  await step("filter the list without writing the filter", async () => {
    await page.goto(at("/admin/subscribers"));
    await page.locator("summary", { hasText: "Filter" }).click();
    await page.getByLabel("Add a condition").selectOption("language");
    await page.getByRole("button", { name: "Choose", exact: true }).click();
    await page.getByLabel("Value", { exact: true }).selectOption("zh");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await sees(page, "40 people");
    assertEqual(await page.getByRole("textbox", { name: "Filter" }).inputValue(), 'language = "zh"', "filter");
    await page.goBack();
    await page.goForward();
    await sees(page, "40 people");
  });
  await step("tag all who match", async () => {
    await page.getByLabel("all 40 that match").check();
    await page.getByRole("button", { name: "Tag…" }).first().click();
    await page.getByRole("heading", { name: "Tag 40 people" }).waitFor();
    watch.expects(422);
    await page.getByLabel("Tag", { exact: true }).fill("one, two");
    await page.getByRole("button", { name: "Tag 40 people" }).click();
    await sees(page, "Write a tag of at most 64 characters");
    await page.getByLabel("Tag", { exact: true }).fill("partner");
    await page.getByRole("button", { name: "Tag 40 people" }).click();
    await sees(page, "The operation has started");
    const state = page.locator(".title-row .state");
    const until = Date.now() + TIMEOUT;
    while ((await state.innerText()) !== "Finished") {
      assert(Date.now() < until, "the operation does not finish");
      if (!facts.javascript) await page.reload();
    }
  });
  await step("export the tagged people", async () => {
    const filter = encodeURIComponent('tag = "partner"');
    await page.goto(at(`/admin/subscribers?where=${filter}`));
    await sees(page, "40 people");
    const text = await save(page.getByRole("link", { name: "Export as CSV" }), "tagged.csv");
    const lines = text.replace(/^\ufeff/, "").trim().split(/\r?\n/);
    assertEqual(lines.length, 41, "lines of the export");
    assert(lines.slice(1).every((line) => line.includes("partner") && line.includes("zh")), lines[1]);
    assert(lines.some((line) => line.includes("'=1+1")), "a formula is escaped");
  });
  await step("remove the tag from chosen people", async () => {
    await page.locator("input[data-row]").nth(0).check();
    await page.locator("input[data-row]").nth(1).check();
    await page.getByRole("button", { name: "Remove tag…" }).click();
    await page.getByRole("heading", { name: "Remove a tag from 2 people" }).waitFor();
    await page.getByLabel("Tag", { exact: true }).fill("partner");
    await page.getByRole("button", { name: "Remove a tag from 2 people" }).click();
    await sees(page, "The operation has started");
  });
});
