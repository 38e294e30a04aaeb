import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/support/property-seed.ts"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Two workers: the suite is built for machines with two cores, and real daemons need some of them.
    maxWorkers: 2,
  },
});
