import { spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { expect, test } from "vitest";
import { OWN_AGENT_DIR } from "../../src/io/agent-lookup.ts";

const scripts = [OWN_AGENT_DIR, `${OWN_AGENT_DIR}/lib`, `${OWN_AGENT_DIR}/helpers`].flatMap((dir) =>
  readdirSync(dir)
    .map((name) => `${dir}/${name}`)
    .filter((path) => statSync(path).isFile()),
);

test.each(scripts)("%s is executable and a script that dash can read", (path) => {
  expect(statSync(path).mode & 0o111).toBe(0o111);
  const dash = spawnSync("dash", ["-n", path], { encoding: "utf8" });
  if (dash.error === undefined) expect(dash.stderr).toBe("");
});

const hasShellcheck = spawnSync("shellcheck", ["--version"]).status === 0;
if (!hasShellcheck) console.log("shellcheck is not installed: the agents are not linted");

test.skipIf(!hasShellcheck)("shellcheck finds nothing in the agents", () => {
  const result = spawnSync("shellcheck", ["-s", "dash", ...scripts], { encoding: "utf8" });
  expect(result.stdout).toBe("");
});
