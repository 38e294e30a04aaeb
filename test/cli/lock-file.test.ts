import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

interface Entry {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** `npm ci` refuses a lock file that lacks one, also one of another platform that it would skip. */
test("the lock file names everything that its packages name, so that `npm ci` takes it", () => {
  const file = new URL("../../package-lock.json", import.meta.url);
  const { packages } = JSON.parse(readFileSync(file, "utf8")) as {
    packages: Record<string, Entry>;
  };
  const missing = Object.entries(packages).flatMap(([where, entry]) =>
    Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })
      .filter((name) => {
        const nested = where === "" ? "" : `${where}/node_modules/${name}`;
        return packages[nested] === undefined && packages[`node_modules/${name}`] === undefined;
      })
      .map((name) => `${name} of ${where}`),
  );
  expect(missing).toEqual([]);
});
