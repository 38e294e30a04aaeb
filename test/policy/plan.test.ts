import { join } from "node:path";
import { testScenarios } from "../support/scenario-file.ts";
import { newPlanScenario } from "./plan-scenario.ts";

testScenarios(join(import.meta.dirname, "../scenarios/policy"), newPlanScenario);
