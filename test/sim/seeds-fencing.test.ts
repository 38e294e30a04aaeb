import { testSeeds } from "./seed-batches.ts";

// 70: after a cut between two of five nodes has mended, the one that was left out is not let in
// again while its fencing is still being tried.
testSeeds("fencing", 125, [70]);
