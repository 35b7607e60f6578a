// Fills the database through the API, so that no page is empty.
import { at } from "./admin.mjs";
import { assert, facts } from "./story.mjs";

/** Sends a request, and returns the entity tag of the response. */
async function send(method, path, body, more = {}) {
  const headers = { authorization: `Bearer ${facts.token}`, "content-type": "application/json", ...more };
  const response = await fetch(at(`/api/v1/${path}`), { method, headers, body });
  assert(response.ok, `${method} ${path}: ${response.status} ${await response.text()}`);
  return response.headers.get("etag");
}

/** Creates definitions with a second version, imports in several states, and a bulk operation. */
export async function fillDatabase() {
  const define = async (kind, name, settings, change) => {
    await send("POST", kind, JSON.stringify({ name, settings }));
    const version = await send("GET", `${kind}/${name}`);
    const changed = JSON.stringify({ settings: { ...settings, ...change } });
    await send("PUT", `${kind}/${name}`, changed, { "if-match": version });
  };
  await define("feeds", "workshops", { title: "Workshops", sections: ["Workshops"] }, { title: "Workshops & more" });
  const digest = { title: "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft", schedule: "0 8 1,15 * *", from: "College News <news@example.edu>" };
  await define("digests", "fortnight", digest, { sections: ["Campus"] });
  await define("segments", "chinese", { title: "Readers of Chinese", filter: 'language = "zh"' }, { title: "Chinese" });
  const file = "email,name,city\nliu@example.org,刘芳,杭州\nno address,Somebody,Ulm\nada@example.org,Ada,Graz\n";
  const upload = (query) => send("POST", `imports?digest=weekly&${query}`, file, { "content-type": "application/octet-stream" });
  await upload("file_name=waits.csv&start=false");
  await upload("file_name=checked.csv&dry_run=true");
  await upload("file_name=done.csv&status=confirmed&consent=form&skip_bad=true");
  await send("POST", "bulk-operations", JSON.stringify({ action: "tag", where: 'language = "zh"', tag: "partner" }));
}
