import { testSeeds } from "./seed-batches.ts";

testSeeds("fencing", 175);
