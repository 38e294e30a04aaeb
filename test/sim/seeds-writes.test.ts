import { testSeeds } from "./seed-batches.ts";

testSeeds("writes", 50);
