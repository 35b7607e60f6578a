// Loads the packages of package.json, which COURANT_TEST_BROWSER has in its node_modules.
import { createRequire } from "node:module";
import { join } from "node:path";

export const require = createRequire(join(process.env.COURANT_TEST_BROWSER, "package.json"));
