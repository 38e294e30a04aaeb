import { defineConfig } from "vitest/config";

/** Suites in which real daemons run: they need the machine for themselves, one lab at a time. */
const HOSTS = ["test/netns/**/*.test.ts", "test/demo/**/*.test.ts"];

export default defineConfig({
  test: {
    setupFiles: ["test/support/property-seed.ts"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: {
          name: "core",
          include: ["test/**/*.test.ts"],
          exclude: HOSTS,
          sequence: { groupOrder: 1 },
          // The suite is built for machines with two cores.
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: { name: "hosts", include: HOSTS, sequence: { groupOrder: 2 }, maxWorkers: 1 },
      },
    ],
  },
});
