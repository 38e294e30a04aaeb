import type { OptionTable } from "./option-table.ts";

/** What the built-in agent `ipmi` takes: ipmitool's own terms. */
export const IPMI_PARAMS: OptionTable = {
  noun: "ipmi parameter",
  kinds: {
    address: "text",
    port: "count",
    username: "text",
    password: "text",
    "password-file": "text",
    interface: ["lanplus", "lan"],
    "cipher-suite": "count",
    privilege: ["callback", "user", "operator", "administrator"],
  },
  formerNames: {
    ip: "address",
    ipaddr: "address",
    host: "address",
    login: "username",
    user: "username",
    passwd: "password",
    ipport: "port",
    cipher: "cipher-suite",
    privlvl: "privilege",
  },
  elsewhere: { lanplus: "write interface: lanplus (it is the default)" },
};

/** What `exec` takes: a command per action, or one that is given the action as its argument. */
export const EXEC_PARAMS: OptionTable = {
  noun: "exec parameter",
  kinds: { command: "text", off: "text", on: "text", reboot: "text", status: "text" },
};

export const SSH_PARAMS: OptionTable = {
  noun: "ssh parameter",
  kinds: {
    address: "text",
    port: "count",
    username: "text",
    "identity-file": "text",
    "off-command": "text",
    "reboot-command": "text",
  },
  formerNames: { user: "username" },
};

/** How a device is used, whatever its agent: Pacemaker's pcmk_* parameters under plain names. */
export const DEVICE_OPTIONS: OptionTable = {
  noun: "device option",
  otherwise: "what is for the fence agent belongs into params",
  kinds: {
    "delay-base": "duration",
    "delay-max": "duration",
    timeout: "duration",
    "on-timeout": "duration",
    "off-timeout": "duration",
    "reboot-timeout": "duration",
    "status-timeout": "duration",
    "list-timeout": "duration",
    "verify-timeout": "duration",
    retries: "count",
    action: ["off", "reboot"],
    "off-action": "text",
    "on-action": "text",
    "status-action": "text",
    "list-action": "text",
    "action-limit": "integer",
    "check-interval": "duration",
    "host-map": "text",
    "host-argument": "text",
    "host-check": ["static-list", "dynamic-list", "status", "none"],
    provides: ["unfencing", "nothing"],
    "on-target": "boolean",
  },
  formerNames: {
    pcmk_delay_base: "delay-base",
    pcmk_delay_max: "delay-max",
    pcmk_host_map: "host-map",
    pcmk_host_argument: "host-argument",
    pcmk_host_check: "host-check",
    pcmk_action_limit: "action-limit",
    pcmk_on_timeout: "on-timeout",
    pcmk_off_timeout: "off-timeout",
    pcmk_reboot_timeout: "reboot-timeout",
    pcmk_status_timeout: "status-timeout",
    pcmk_monitor_timeout: "status-timeout",
    pcmk_list_timeout: "list-timeout",
    pcmk_off_retries: "retries",
    pcmk_reboot_retries: "retries",
    pcmk_on_retries: "retries",
    pcmk_status_retries: "retries",
    pcmk_list_retries: "retries",
    pcmk_reboot_action: "action",
    pcmk_off_action: "off-action",
    pcmk_on_action: "on-action",
    pcmk_status_action: "status-action",
    pcmk_list_action: "list-action",
    delay: "delay-base",
  },
  elsewhere: {
    pcmk_host_list: "write targets: [node1, node2] beside agent",
    pcmk_monitor_action:
      "a device is checked by its state (status-action); check-interval: 0s, not at all",
    pcmk_monitor_retries: "a check that failed is made again at the next check-interval",
  },
};
