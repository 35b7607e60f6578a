// Walks through the site: from page to page by the links of each.
import { facts } from "./story.mjs";

/** Documents that are no pages: downloads, feeds, and what frames show. */
const NO_PAGE = /\.(csv|json|rss|atom|opml|ico|svg|css|js|md)$|\/(document|content|preview\/mail|events|healthz|readyz|metrics|oidc)$/;
/** Words of addresses that are the same for all objects. */
const FIXED = /^(|admin|new|edit|history|delete|preview|import|jobs|mails|feeds|digests|editions|articles|subscribers|segments|suppressions|sources|transports|webhooks|users|tokens|audit|settings|profile|find|login|api|subscribe)$/;

/** Returns the form of an address: names and ids are `*`, and of a query only the keys remain. */
function formOf(url) {
  const path = url.pathname.split("/").map((word) => (FIXED.test(word) ? word : "*")).join("/");
  return `${path}?${[...new Set(url.searchParams.keys())].sort().join("&")}`;
}

/** Addresses to open: those that were added, and of those that pages link to one of each form, such as `/admin/editions/*`. */
export class Walk {
  queue = [];
  known = new Set();
  forms = new Set();

  /** Adds an address, unless it is known, or linked and there is one of its form. */
  add(address, isLinked = false) {
    const url = new URL(address, facts.base);
    url.hash = "";
    if (url.origin !== new URL(facts.base).origin || NO_PAGE.test(url.pathname) || this.known.has(url.href)) return;
    this.known.add(url.href);
    // Several filters together show nothing that each alone does not show.
    if (new Set(url.searchParams.keys()).size > 1) return;
    const form = formOf(url);
    if (isLinked && this.forms.has(form)) return;
    this.forms.add(form);
    this.queue.push(url.pathname + url.search);
  }

  /** Adds all links of a page. */
  async addLinks(page) {
    const links = await page.locator("a[href]:not([download])").evaluateAll((all) => all.map((one) => one.href));
    links.filter((link) => link.startsWith("http")).forEach((link) => this.add(link, true));
  }

  /** Returns the next address to open. */
  next() {
    return this.queue.shift();
  }
}
