// Script of the admin area. Every page works without it, except that nothing updates by itself.

const policy = globalThis.trustedTypes
  ? trustedTypes.createPolicy("courant", { createHTML: (html) => html })
  : { createHTML: (html) => html };

/** Parses a page of this site. */
function parse(html) {
  return new DOMParser().parseFromString(policy.createHTML(html), "text/html");
}

/** Fetches a page of this site; returns null if it is no page, for example after the session has ended. */
async function load(url) {
  const response = await fetch(url, { headers: { accept: "text/html" } });
  if ((!response.ok && response.status !== 422) || response.redirected) return null;
  return parse(await response.text());
}

// Live regions: `data-live` has the kinds of objects whose change loads the region again.
const regions = () => [...document.querySelectorAll("[data-live]")];
let waiting = null;
let busy = false;
// What a person has chosen or is entering in a region, which a replacement would discard.
const ENTERED = "[data-row]:checked, [data-chosen] input:checked, details[open] form, form[data-guard]";

/** Replaces the live regions by those of the same page as it is now. Focus stays where it is. */
async function refresh() {
  waiting = null;
  if (busy) return schedule();
  busy = true;
  try {
    const page = await load(location.href);
    if (!page) return;
    const fresh = [...page.querySelectorAll("[data-live]")];
    regions().forEach((region, index) => {
      const next = fresh[index];
      if (!next || region.contains(document.activeElement) || region.querySelector(ENTERED)) return;
      if (region.innerHTML === next.innerHTML) return;
      region.replaceChildren(...next.childNodes);
    });
  } finally {
    busy = false;
  }
}

function schedule() {
  waiting ??= setTimeout(refresh, 700);
}

let stream = null;

function listen() {
  if (regions().length === 0 || document.hidden) {
    stream?.close();
    stream = null;
    return;
  }
  if (stream) return;
  const base = document.querySelector("[data-palette]")?.getAttribute("href").replace(/find$/, "") ?? "/admin/";
  stream = new EventSource(base + "events");
  stream.addEventListener("change", (event) => {
    const kind = event.data.split(" ")[0];
    if (regions().some((region) => region.dataset.live.split(" ").some((one) => one === kind || one === "all"))) {
      schedule();
    }
  });
  stream.addEventListener("reload", schedule);
}
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && regions().length > 0) schedule();
  listen();
});
addEventListener("pagehide", () => stream?.close());
listen();
// Progress that no event reports: regions with `data-progress` load every two seconds.
setInterval(() => {
  if (!document.hidden && document.querySelector("[data-live][data-progress]")) schedule();
}, 2000);

// Command palette: the search page in a dialog.
const palette = document.getElementById("palette");
const field = palette?.querySelector("input");
const results = palette?.querySelector("[data-results]");
let typed = null;
// Text whose results are shown.
let shown = null;

async function find() {
  const text = field.value;
  const query = new URLSearchParams({ q: text });
  const page = await load(`${palette.querySelector("form").getAttribute("action")}?${query}`);
  // Answers may arrive in another order than the texts were typed.
  if (text !== field.value) return;
  const found = page?.querySelector("[data-found]");
  results.replaceChildren(...(found ? found.childNodes : []));
  shown = page ? text : null;
}

// Opens the first result for what was typed; without one, the search page says so.
async function openFirst() {
  clearTimeout(typed);
  if (shown !== field.value) await find();
  const first = shown === field.value ? results.querySelector("a") : null;
  if (first) first.click();
  else palette.querySelector("form").requestSubmit();
}

function openPalette() {
  if (!palette || palette.open) return;
  palette.showModal();
  field.select();
  find();
}
document.querySelector("[data-palette]")?.addEventListener("click", (event) => {
  event.preventDefault();
  openPalette();
});
field?.addEventListener("input", () => {
  clearTimeout(typed);
  typed = setTimeout(find, 150);
});
palette?.addEventListener("keydown", (event) => {
  const links = [...results.querySelectorAll("a")];
  const at = links.indexOf(document.activeElement);
  if (event.key === "Escape") {
    // A search field would only be emptied by the first press.
    event.preventDefault();
    palette.close();
    // Until the next frame the closed field would still take the keys.
    if (palette.contains(document.activeElement)) document.activeElement.blur();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const next = at + (event.key === "ArrowDown" ? 1 : -1);
    (links[next] ?? (next < 0 ? field : links[0]))?.focus();
  } else if (event.key === "Enter" && at < 0 && !event.isComposing) {
    event.preventDefault();
    openFirst();
  }
});

// Forms with `data-search`: while a person types, the list below is loaded as it is for these values.
// `data-search` has the address if it is not that of the form; then only the region changes.
let searching = 0;

async function search(form) {
  // Boxes that nobody changed stay out of the address, unless it has them.
  const boxes = [...form.querySelectorAll("input[type=checkbox]")];
  const isSame = boxes.every((box) => box.checked === box.defaultChecked);
  const known = new URLSearchParams(location.search);
  const isKept = ([name, value]) =>
    typeof value === "string" && value !== "" && !name.startsWith("add_") && (!isSame || known.has(name) || !boxes.some((box) => box.name === name));
  const fields = [...new FormData(form)].filter(isKept);
  const url = `${form.dataset.search || form.getAttribute("action")}?${new URLSearchParams(fields)}`;
  const turn = ++searching;
  const fresh = (await load(url))?.querySelector("[data-list]");
  if (!fresh || turn !== searching) return;
  document.querySelector("[data-list]").replaceChildren(...fresh.childNodes);
  if (!form.dataset.search) history.replaceState(null, "", url);
}
document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-search]");
  if (!form || event.target.type === "checkbox" || event.target.closest("[data-build]")) return;
  clearTimeout(form.timer);
  form.timer = setTimeout(search, 250, form);
});

// In a part of a form with `data-build`, the Enter key adds the comparison; elsewhere it submits the form.
document.addEventListener("keydown", (event) => {
  const part = event.key === "Enter" && event.target.matches("input") && event.target.closest("[data-build]");
  if (!part) return;
  event.preventDefault();
  part.querySelector("[value=test]")?.click();
});

// Keyboard: `/` and Ctrl-K find, `?` lists the shortcuts, `g` and a letter open a page, j and k move.
let afterG = false;

function moveRow(step) {
  const rows = [...document.querySelectorAll(".table tbody tr")].filter((row) => row.querySelector("a"));
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  rows[Math.min(Math.max(at + step, 0), rows.length - 1)]?.querySelector("a").focus();
}
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "k") {
    event.preventDefault();
    return openPalette();
  }
  const typing = event.target.closest("input, textarea, select, dialog[open]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !("shortcuts" in document.body.dataset)) return;
  if (afterG) {
    afterG = false;
    document.querySelector(`[data-go="${CSS.escape(event.key)}"]`)?.click();
  } else if (event.key === "g") {
    afterG = true;
    setTimeout(() => (afterG = false), 1500);
  } else if (event.key === "/") {
    event.preventDefault();
    openPalette();
  } else if (event.key === "?") {
    document.getElementById("shortcuts")?.showModal();
  } else if (event.key === "j") {
    moveRow(1);
  } else if (event.key === "k") {
    moveRow(-1);
  }
});

// Forms: a question before what cannot be undone, and before leaving what was entered.
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
  else event.target.dataset.submitted = "";
});
addEventListener("beforeunload", (event) => {
  const changed = [...document.querySelectorAll("form[data-guard]")].some(
    (form) =>
      !("submitted" in form.dataset) &&
      [...form.elements].some((one) =>
        one.type === "checkbox" || one.type === "radio"
          ? one.checked !== one.defaultChecked
          : "defaultValue" in one && one.type !== "hidden" && one.value !== one.defaultValue,
      ),
  );
  if (changed) event.preventDefault();
});

// Groups with `data-choices`: only the fields of the chosen radio button are shown.
function showChosen(group) {
  const chosen = group.querySelector("input[type=radio]:checked")?.value;
  for (const part of group.querySelectorAll("[data-for]")) {
    part.hidden = !part.dataset.for.split(" ").includes(chosen);
    // Boxes of another choice are not sent.
    if ("disabled" in part) part.disabled = part.hidden;
  }
}
// A browser that returns to a page restores what was chosen.
addEventListener("pageshow", () => document.querySelectorAll("[data-choices]").forEach(showChosen));
document.addEventListener("change", (event) => {
  const group = event.target.closest("[data-choices]");
  if (group) showChosen(group);
});

// Buttons that copy a text, and the check boxes that choose all rows of the page or all that match.
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = button.dataset.copied;
  });
}
document.addEventListener("change", (event) => {
  const rows = [...document.querySelectorAll("input[data-row]")];
  const { allRows, allMatching } = event.target.dataset;
  if (allRows !== undefined || allMatching !== undefined) rows.forEach((row) => (row.checked = event.target.checked));
  const bar = document.querySelector("[data-chosen]");
  if (!bar) return;
  const count = rows.filter((row) => row.checked).length;
  const matching = bar.querySelector("[data-all-matching]");
  // Without one of the rows these are no longer all.
  if (matching && count < rows.length) matching.checked = false;
  bar.dataset.chosen = count;
  const number = bar.querySelector("[data-count]");
  if (number) number.textContent = matching?.checked ? matching.dataset.allMatching : count;
});
