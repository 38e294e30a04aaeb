import { testSeeds } from "./seed-batches.ts";

testSeeds("disks", 50);
