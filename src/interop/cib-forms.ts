/** What an element of a CIB may have. */
export interface Form {
  /** Absent: any. */
  readonly attributes?: ReadonlySet<string>;
  readonly children: ReadonlySet<string>;
}

/** The form of an element by its name; absent where nothing is said of it or what it holds. */
export function formOf(name: string): Form | undefined {
  return FORMS.get(name);
}

function words(text: string): ReadonlySet<string> {
  return new Set(text === "" ? [] : text.split(" "));
}

function form(attributes: string, children = ""): Form {
  return { attributes: words(attributes), children: words(children) };
}

/** Pacemaker's own notes: every release writes other attributes. */
function notes(children = ""): Form {
  return { children: words(children) };
}

const BLOCK = form("id id-ref score", "nvpair rule attributes");
const CONTAINER = form(
  "image masters network options promoted-max replicas replicas-per-host run-command",
);
const CLONE = form("id description", "meta_attributes instance_attributes primitive group");

/**
 * All that any of Pacemaker's schemas has, 1.0 to 4.0 (xml/*.rng of its source). Whether the schema
 * that a CIB names has it does not matter: the readers know all of them.
 */
const FORMS: ReadonlyMap<string, Form> = new Map([
  ["cib", notes("configuration status")],
  [
    "configuration",
    form(
      "",
      "crm_config rsc_defaults op_defaults nodes resources constraints fencing-topology tags acls alerts",
    ),
  ],
  ["crm_config", form("", "cluster_property_set")],
  ["rsc_defaults", form("", "meta_attributes")],
  ["op_defaults", form("", "meta_attributes")],

  ["cluster_property_set", BLOCK],
  ["meta_attributes", BLOCK],
  ["instance_attributes", BLOCK],
  ["utilization", BLOCK],
  ["attributes", form("", "nvpair")],
  ["nvpair", form("id id-ref name value")],

  ["nodes", form("", "node")],
  ["node", form("id uname type description score", "instance_attributes utilization")],

  ["resources", form("", "primitive group clone master master_slave bundle template")],
  ["primitive", primitiveForm("template")],
  ["template", primitiveForm("")],
  ["group", form("id description", "meta_attributes instance_attributes primitive")],
  ["clone", CLONE],
  ["master", CLONE],
  ["master_slave", CLONE],
  ["operations", form("id id-ref", "op")],
  [
    "op",
    form(
      "id name interval description timeout start-delay interval-origin enabled record-pending role requires on-fail",
      "meta_attributes instance_attributes",
    ),
  ],
  [
    "bundle",
    form(
      "id description",
      "meta_attributes instance_attributes docker podman rkt network storage primitive",
    ),
  ],
  ["docker", CONTAINER],
  ["podman", CONTAINER],
  ["rkt", CONTAINER],
  [
    "network",
    form("add-host control-port host-interface host-netmask ip-range-start", "port-mapping"),
  ],
  ["port-mapping", form("id port internal-port range")],
  ["storage", form("", "storage-mapping")],
  ["storage-mapping", form("id source-dir source-dir-root target-dir options")],

  ["constraints", form("", "rsc_location rsc_colocation rsc_order rsc_ticket")],
  [
    "rsc_location",
    form("id rsc rsc-pattern role node score resource-discovery", "resource_set rule lifetime"),
  ],
  [
    "rsc_colocation",
    form(
      "id rsc rsc-role rsc-instance with-rsc with-rsc-role with-rsc-instance score score-attribute score-attribute-mangle node-attribute influence",
      "resource_set lifetime",
    ),
  ],
  [
    "rsc_order",
    form(
      "id first first-action first-instance then then-action then-instance kind score symmetrical require-all",
      "resource_set lifetime",
    ),
  ],
  ["rsc_ticket", form("id rsc rsc-role ticket loss-policy", "resource_set")],
  [
    "resource_set",
    form("id id-ref sequential require-all ordering action role score kind", "resource_ref"),
  ],
  ["resource_ref", form("id")],
  ["lifetime", form("", "rule")],

  [
    "rule",
    form(
      "id id-ref boolean-op role score score-attribute",
      "rule expression date_expression rsc_expression op_expression",
    ),
  ],
  ["expression", form("id attribute operation value type value-source")],
  ["date_expression", form("id operation start end", "duration date_spec")],
  ["duration", calendarForm("days yearsdays")],
  ["date_spec", calendarForm("yeardays yearsdays")],
  ["rsc_expression", form("id class provider type")],
  ["op_expression", form("id name interval")],

  ["fencing-topology", form("", "fencing-level")],
  ["fencing-level", form("id index target target-pattern target-attribute target-value devices")],
  ["tags", form("", "tag")],
  ["tag", form("id", "obj_ref")],
  ["obj_ref", form("id")],

  ["alerts", form("", "alert")],
  ["alert", form("id path description", "meta_attributes instance_attributes select recipient")],
  ["recipient", form("id value description", "meta_attributes instance_attributes")],
  ["select", form("", "select_attributes select_fencing select_nodes select_resources")],
  ["select_attributes", form("", "attribute")],
  ["attribute", form("id name")],

  ["status", notes("node_state tickets")],
  ["node_state", notes("lrm transient_attributes")],
  ["transient_attributes", notes("instance_attributes utilization")],
  ["lrm", notes("lrm_resources lrm_agents")],
  ["lrm_resources", notes("lrm_resource")],
  ["lrm_resource", notes("lrm_rsc_op rsc_state")],
  ["lrm_rsc_op", notes()],
  ["tickets", notes("ticket_state")],
]);

function primitiveForm(more: string): Form {
  return form(
    `id class provider type description ${more}`.trim(),
    "meta_attributes instance_attributes utilization operations",
  );
}

function calendarForm(more: string): Form {
  const common = "years months weeks hours minutes seconds monthdays weekdays weekyears moon";
  return form(`id id-ref ${common} ${more}`);
}
