// Blocked removals are accepted, a token is revoked, and the audit log has every change.
import { at, openSection, sees, signIn } from "./lib/admin.mjs";
import { TIMEOUT, ask, assert, assertEqual, story } from "./lib/story.mjs";

await story(async ({ page, watch, step }) => {
  const row = (text) => page.locator(".table tbody tr").filter({ hasText: text });
  const reloadUntil = async (locator) => {
    const until = Date.now() + TIMEOUT;
    while ((await locator.count()) === 0) {
      assert(Date.now() < until, `missing: ${locator}`);
      await page.reload();
    }
  };
  await step("most articles disappear from the source", async () => {
    await signIn(page);
    await page.goto(at("/admin/articles"));
    await reloadUntil(row("Article 20"));
    await ask("delete articles");
    await page.goto(at("/admin/sources/cms"));
    await page.getByRole("button", { name: "Sync now" }).click();
    await sees(page, "The sync begins as soon as possible.");
    await reloadUntil(page.getByText("15 articles are no longer in the source"));
    await page.goto(at("/admin/"));
    await page.getByText("until you accept the removal").waitFor();
    await page.getByRole("link", { name: "Open the source" }).click();
  });
  await step("accept the removal", async () => {
    await page.getByRole("button", { name: "Remove the 15 articles" }).click();
    await sees(page, "The removal is accepted; the next sync makes it.");
    await reloadUntil(page.getByText("Up to date"));
    await page.goto(at("/admin/articles"));
    await reloadUntil(row("Article 5"));
    assertEqual(await row("Article 20").filter({ hasNotText: "Removed" }).count(), 0, "published articles");
  });
  let token = "";
  const status = async () => (await page.request.get(at("/api/v1/editions"), { headers: { authorization: `Bearer ${token}` } })).status();
  await step("create a token", async () => {
    await openSection(page, "API tokens");
    await page.getByLabel("Name").fill("screen");
    await page.getByRole("radio", { name: "Viewer" }).check();
    const digest = page.locator("[name=digest]").first();
    await digest.check();
    watch.expects(422);
    await page.getByRole("button", { name: "Create a token" }).click();
    await sees(page, "All digests are chosen, but some are ticked.");
    assert(await page.getByRole("radio", { name: "Viewer" }).isChecked(), "the role stays chosen");
    await digest.uncheck();
    await page.getByRole("button", { name: "Create a token" }).click();
    token = await page.locator(".secret code").innerText();
    assertEqual(await status(), 200, "status of the API");
  });
  await step("revoke the token", async () => {
    await page.goto(at("/admin/tokens"));
    assert(!(await page.content()).includes(token), "the secret is shown once");
    await row("screen").getByRole("button", { name: "Revoke" }).click();
    await sees(page, "The token is revoked.");
    assertEqual(await status(), 401, "status of the API");
  });
  await step("the audit log has every change", async () => {
    await openSection(page, "Audit log");
    await page.getByRole("searchbox").fill("lin");
    await page.getByRole("button", { name: "Show" }).click();
    await page.waitForURL(/q=lin/);
    const cells = await page.locator(".table tbody tr").evaluateAll((rows) => rows.map((one) => [2, 3].map((n) => one.cells[n].innerText.split("\n")[0].trim())));
    const changes = cells.map(([action, object]) => `${action}: ${object}`).reverse();
    assertEqual(
      changes,
      ["Signed in: User lin", "Sync requested: Source cms", "Removals accepted: Source cms", "Created: Token screen", "Deleted: Token screen"],
      "changes",
    );
    await page.getByRole("link", { name: "Token", exact: true }).click();
    await page.waitForURL(/object=token/);
    assertEqual(await page.locator(".table tbody tr").count(), 2, "changes of tokens");
  });
});
