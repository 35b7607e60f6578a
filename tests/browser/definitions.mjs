// A feed and a digest are created, the digest is previewed, and a test of it is sent.
import { at, openSection, sees, signIn } from "./lib/admin.mjs";
import { TIMEOUT, assert, assertEqual, facts, story } from "./lib/story.mjs";

await story(async ({ page, watch, step }) => {
  await step("a feed with a wrong name is rejected and keeps what was entered", async () => {
    await signIn(page);
    await openSection(page, "Feeds");
    await page.getByRole("link", { name: "New feed" }).click();
    await page.getByLabel("Name").fill("Work shops!");
    await page.locator("#title").fill("Workshops & more");
    await page.getByLabel("Workshops", { exact: true }).check();
    watch.expects(422);
    await page.getByRole("button", { name: "Create" }).click();
    await sees(page, "Nothing was saved. Please correct:");
    assertEqual(await page.locator("#title").inputValue(), "Workshops & more", "title");
    assert(await page.getByLabel("Workshops", { exact: true }).isChecked(), "the section stays chosen");
  });
  await step("create the feed after a check", async () => {
    await page.getByLabel("Name").fill("workshops");
    await page.getByRole("button", { name: "Check" }).click();
    await sees(page, "It selects 2 articles at present");
    await page.getByRole("button", { name: "Create" }).click();
    await sees(page, "Saved. It is in force within a second.");
    await page.getByRole("heading", { name: "Workshops & more" }).waitFor();
  });
  await step("readers get the feed", async () => {
    const until = Date.now() + TIMEOUT;
    let response;
    do {
      assert(Date.now() < until, "the feed is not served");
      response = await page.request.get(at("/feeds/workshops.json"));
    } while (response.status() !== 200);
    assertEqual((await response.json()).items.length, 2, "items of the feed");
  });
  await step("create a digest", async () => {
    await page.goto(at("/admin/digests/new"));
    await page.getByLabel("Name").fill("fortnight");
    await page.locator("#title").fill("Two weeks");
    assert(await page.getByLabel("Monday").isVisible(), "days of the week are shown");
    assert(!(await page.getByLabel("Cron pattern").isVisible()), "fields of other kinds are hidden");
    await page.getByLabel("Other (cron)").check();
    assert(!(await page.getByLabel("Monday").isVisible()), "days of the week are hidden");
    await page.getByLabel("Cron pattern").fill("0 8 32 * *");
    await page.getByLabel("Sender").fill("College News <news@example.edu>");
    watch.expects(422);
    await page.getByRole("button", { name: "Create" }).click();
    await sees(page, "Nothing was saved. Please correct:");
    await page.getByLabel("On a day of the month").check();
    await page.getByLabel("Day of the month", { exact: true }).selectOption("15");
    await page.getByLabel("Time of day").fill("07:30");
    await page.getByRole("button", { name: "Check" }).click();
    await sees(page, "It is sent on the 15th of each month at 7:30");
    assertEqual(await page.locator(".schedule-outcome li").count(), 5, "next dates");
    await page.getByRole("button", { name: "Create" }).click();
    await sees(page, "Saved. It is in force within a second.");
    await page.getByRole("heading", { name: "Two weeks" }).waitFor();
  });
  await step("preview it in other widths, modes and parts", async () => {
    await page.getByRole("link", { name: "Preview", exact: true }).click();
    await page.getByLabel("Content").selectOption({ label: "Newest articles as a sample" });
    await page.getByRole("button", { name: "Show" }).click();
    await page.frameLocator("iframe").getByRole("link", { name: "Title of a1" }).first().waitFor();
    for (const choice of ["Phone", "Dark", "Text part", "Source"]) {
      await page.locator(".mail-bar").getByRole("link", { name: choice, exact: true }).click();
      await page.locator(".mail-bar").locator("[aria-current]", { hasText: choice }).first().waitFor();
    }
    await page.locator("pre").getByText("List-Unsubscribe:").waitFor();
  });
  await step("send a test", async () => {
    watch.expects(422);
    const field = page.getByLabel("Address", { exact: true });
    await field.fill("nobody@localhost@example");
    // The browser itself rejects what is no address at all.
    await page.locator("form", { has: field }).evaluate((form) => (form.noValidate = true));
    await page.getByRole("button", { name: "Send me a test" }).click();
    await sees(page, "This is not an e-mail address.");
    await field.fill(facts.to);
    await page.getByRole("button", { name: "Send me a test" }).click();
    await sees(page, `The test to ${facts.to} is queued and is sent within seconds.`);
  });
  await step("change the digest and see its history", async () => {
    await page.goto(at("/admin/digests/fortnight/edit"));
    await page.locator("#title").fill("Fourteen days");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { name: "Fourteen days" }).waitFor();
    await page.getByRole("link", { name: "History" }).click();
    await sees(page, "Version 2");
    await page.getByRole("cell", { name: "Two weeks" }).first().waitFor();
  });
});
