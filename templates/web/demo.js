// Script of the demo's pages. Without it they reload as a whole, and an e-mail scrolls in its frame.

const SECONDS = 5;

/** Replaces the parts that change by themselves with those of the same page as it is now. */
async function refresh() {
  if (document.hidden) return;
  const response = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!response.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page.querySelectorAll("[data-live]");
  document.querySelectorAll("[data-live]").forEach((region, index) => {
    const next = fresh[index];
    // A replacement would take the focus from a link in the region.
    if (!next || region.contains(document.activeElement) || region.innerHTML === next.innerHTML) return;
    region.replaceChildren(...next.childNodes);
  });
}

if (document.querySelector("[data-live]")) {
  // The demo may have ended; the next attempt then fails, too.
  setInterval(() => refresh().catch(() => {}), SECONDS * 1000);
}

/** Gives a frame the height of the e-mail in it, which runs no scripts of its own. */
function fit(frame) {
  const root = frame.contentDocument?.documentElement;
  if (!root) return;
  frame.classList.add("measured");
  frame.style.height = "0";
  frame.style.height = `${root.scrollHeight + 2}px`;
}

for (const frame of document.querySelectorAll("iframe.mail")) {
  let width = 0;
  const loaded = () => {
    fit(frame);
    frame.contentDocument?.addEventListener("load", () => fit(frame), true);
  };
  frame.addEventListener("load", loaded);
  if (frame.contentDocument?.readyState === "complete") loaded();
  new ResizeObserver(([entry]) => {
    if (entry.contentRect.width === width) return;
    width = entry.contentRect.width;
    fit(frame);
  }).observe(frame);
}
