import { join } from "node:path";
import { testScenarios } from "../support/scenario-file.ts";
import { newRunnerScenario } from "./runner-scenario.ts";

testScenarios(join(import.meta.dirname, "../scenarios/transition"), newRunnerScenario);
