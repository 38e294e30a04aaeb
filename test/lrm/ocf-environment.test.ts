import { describe, expect, test } from "vitest";
import { guardAddresses } from "../../src/lrm/active-resources.ts";
import { ocfEnvironment } from "../../src/lrm/ocf-environment.ts";
import { describeExitCode, isActiveCode } from "../../src/model/exit-code.ts";
import { maskSecrets } from "../../src/model/secret-mask.ts";

const INSTALLATION = {
  node: "node1",
  ocfRoot: "/usr/lib/ocf",
  helperDir: "/usr/lib/paceline/helpers",
  runDir: "/run/paceline",
};

function environment(params: Record<string, string>, meta: Record<string, string> = {}) {
  return ocfEnvironment(INSTALLATION, {
    resource: "db:1",
    agent: { class: "ocf", provider: "heartbeat", type: "redis" },
    operation: "monitor",
    intervalMs: 10_000,
    timeoutMs: 20_000,
    params,
    meta,
  });
}

test("the variables of OCF 1.1, and those that the resource-agents tree reads", () => {
  expect(environment({ port: "6379" }, { "CRM_meta_clone-max": "2" })).toMatchObject({
    OCF_ROOT: "/usr/lib/ocf",
    OCF_RA_VERSION_MAJOR: "1",
    OCF_RA_VERSION_MINOR: "1",
    OCF_RESOURCE_INSTANCE: "db:1",
    OCF_RESOURCE_TYPE: "redis",
    OCF_RESOURCE_PROVIDER: "heartbeat",
    OCF_RESKEY_port: "6379",
    OCF_RESKEY_CRM_meta_clone_max: "2",
    OCF_RESKEY_CRM_meta_interval: "10000",
    OCF_RESKEY_CRM_meta_timeout: "20000",
    OCF_RESKEY_CRM_meta_name: "monitor",
    OCF_RESKEY_CRM_meta_on_node: "node1",
    HA_SBIN_DIR: "/usr/lib/paceline/helpers",
    HA_RSCTMP: "/run/resource-agents",
    PACELINE_RUN_DIR: "/run/paceline",
  });
});

test("the check level goes unprefixed too", () => {
  expect(environment({ OCF_CHECK_LEVEL: "10" })["OCF_CHECK_LEVEL"]).toBe("10");
  expect(environment({})["OCF_CHECK_LEVEL"]).toBeUndefined();
});

test("what no environment can hold is left out", () => {
  const result = environment({ "a=b": "1", c: "x\0y", "": "2", d: "ok" });
  expect(Object.keys(result).filter((name) => /^OCF_RESKEY_(a.*|c|d|)$/.test(name))).toEqual([
    "OCF_RESKEY_d",
  ]);
});

describe("exit codes", () => {
  test.each([
    [0, "ok", true],
    [5, "not installed", false],
    [6, "invalid configuration", false],
    [7, "not running", false],
    [8, "promoted", true],
    [137, "ended as by signal 9", false],
    [190, "running, but degraded", true],
    [255, "unknown exit code 255", false],
  ])("%i is %s", (rc, text, active) => {
    expect([describeExitCode(rc), isActiveCode(rc)]).toEqual([text, active]);
  });
});

test.each([
  [{ class: "ocf", provider: "paceline", type: "vip" }, { ip: "10.0.0.9/24" }, ["10.0.0.9"]],
  [{ class: "ocf", provider: "heartbeat", type: "IPaddr2" }, { ip: "fd00::9" }, ["fd00::9"]],
  [{ class: "ocf", provider: "paceline", type: "vip" }, { ip: "$(reboot)" }, []],
  [{ class: "ocf", provider: "paceline", type: "dummy" }, { ip: "10.0.0.9" }, []],
  [{ class: "systemd", type: "vip" }, { ip: "10.0.0.9" }, []],
])("addresses that the guardian removes itself: %j %j", (agent, params, expected) => {
  expect(guardAddresses(agent, params as Record<string, string>)).toEqual(expected);
});

test("secrets are masked by the names of parameters", () => {
  const params = { password: "geheim1", api_key: "k3y-value", user: "admin", passwd: "abc" };
  expect(maskSecrets("admin geheim1 k3y-value abc geheim1", params)).toBe(
    "admin ****** ****** abc ******",
  );
});
