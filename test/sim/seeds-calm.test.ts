import { testSeeds } from "./seed-batches.ts";

testSeeds("calm", 50);
