import { testSeeds } from "./seed-batches.ts";

testSeeds("members", 60);
