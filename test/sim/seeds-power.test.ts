import { testSeeds } from "./seed-batches.ts";

testSeeds("power", 80);
