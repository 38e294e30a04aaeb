import { testSeeds } from "./seed-batches.ts";

testSeeds("watchdogs", 75);
