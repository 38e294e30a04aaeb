import { testSeeds } from "./seed-batches.ts";

testSeeds("options", 120);
