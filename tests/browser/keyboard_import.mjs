// A file is uploaded, mapped, checked and imported without a pointer.
import { sees } from "./lib/admin.mjs";
import { press, pressUntil, signInByKeyboard, tabTo, type } from "./lib/keyboard.mjs";
import { assertEqual, facts, story } from "./lib/story.mjs";

await story(async ({ page, step }) => {
  await step("sign in, and go to the import", async () => {
    await signInByKeyboard(page, facts);
    await pressUntil(page, ["g", "s"], (within) => page.waitForURL(/\/admin\/subscribers$/, within));
    await press(page, page.getByRole("link", { name: "Import…" }));
    await page.waitForURL(/\/import$/);
  });
  await step("choose and upload a file", async () => {
    await tabTo(page, page.getByLabel("File"));
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.keyboard.press("Space")]);
    await chooser.setFiles(facts.file);
    await press(page, page.getByRole("button", { name: "Upload" }));
    await sees(page, "The file is stored.");
  });
  await step("choose the meaning of a column", async () => {
    await sees(page, "Choose the column with the e-mail addresses.");
    const meaning = page.getByRole("combobox", { name: "Kontakt" });
    await tabTo(page, meaning);
    await page.keyboard.type("e-mail");
    assertEqual(await meaning.inputValue(), "email", "meaning of the column");
  });
  await step("state the consent and check", async () => {
    const pending = page.getByLabel("Ask each person by e-mail");
    await tabTo(page, pending);
    await page.keyboard.press("ArrowDown");
    await type(page, page.getByLabel("How and when the person agreed"), "paper form");
    await press(page, page.getByRole("button", { name: "Check only" }));
    await page.locator(".title-row .state", { hasText: "Checked" }).waitFor();
  });
  await step("import", async () => {
    page.on("dialog", (dialog) => dialog.accept());
    await press(page, page.getByRole("button", { name: "Import", exact: true }), "Space");
    await page.locator(".title-row .state", { hasText: "Imported" }).waitFor();
  });
});
