import { testSeeds } from "./seed-batches.ts";

testSeeds("everything", 110);
