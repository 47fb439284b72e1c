/** What of an OpenAPI description the page shows, read without trusting that any part is there. */

export interface Field {
  name: string;
  where: string;
  required: boolean;
  type: string;
  text: string;
}

export interface Operation {
  method: string;
  path: string;
  tag: string;
  title: string;
  text: string;
  fields: Field[];
  responses: { status: string; text: string; types: string[] }[];
}

type Json = Record<string, unknown>;
const METHODS = ["get", "post", "put", "patch", "delete"];

export function operations(description: unknown): Operation[] {
  const paths = object(object(description)["paths"]);
  return Object.entries(paths).flatMap(([path, item]) =>
    METHODS.filter((method) => method in object(item)).map((method) => operation(method, path, object(object(item)[method]), description)),
  );
}

function operation(method: string, path: string, op: Json, root: unknown): Operation {
  const fields = array(op["parameters"]).map((each) => field(resolve(each, root), root));
  const responses = Object.entries(object(op["responses"])).map(([status, each]) => {
    const answer = resolve(each, root);
    return { status, text: text(answer["description"]), types: Object.keys(object(answer["content"])) };
  });
  const tag = text(array(op["tags"])[0]) || path.split("/").filter(Boolean)[0] || "root";
  return { method, path, tag, title: text(op["summary"]), text: text(op["description"]), fields, responses };
}

function field(parameter: Json, root: unknown): Field {
  return {
    name: text(parameter["name"]),
    where: text(parameter["in"]),
    required: parameter["required"] === true,
    type: typeOf(resolve(parameter["schema"], root), root),
    text: text(parameter["description"]) || text(object(parameter["schema"])["description"]),
  };
}

export function typeOf(schema: Json, root: unknown): string {
  const choices = [...array(schema["anyOf"]), ...array(schema["oneOf"])].map((each) => typeOf(resolve(each, root), root));
  if (choices.length) return choices.filter((each) => each !== "null").join(" or ");
  if (Array.isArray(schema["enum"])) return schema["enum"].join(" | ");
  const type = text(schema["type"]) || "any";
  const base = type === "array" ? `list of ${typeOf(resolve(schema["items"], root), root)}` : type;
  return "default" in schema && schema["default"] !== null ? `${base}, default ${String(schema["default"])}` : base;
}

/** The address of a try: what is empty is left out, a list gives one parameter an entry. */
export function addressOf(op: Operation, values: Readonly<Record<string, string>>): string {
  const path = op.path.replace(/\{([^}]+)\}/g, (_all, name: string) => encodeURIComponent(values[name.split(":")[0] ?? name] ?? ""));
  const query = new URLSearchParams();
  for (const each of op.fields.filter((f) => f.where === "query")) {
    const value = values[each.name] ?? "";
    const parts = each.type.includes("list of") ? value.split(/\s+/) : [value];
    for (const part of parts) if (part) query.append(each.name, part);
  }
  const search = query.toString();
  return search ? `${path}?${search}` : path;
}

function resolve(node: unknown, root: unknown): Json {
  const reference = object(node)["$ref"];
  if (typeof reference !== "string" || !reference.startsWith("#/")) return object(node);
  return object(reference.slice(2).split("/").reduce<unknown>((at, key) => object(at)[key], root));
}

function object(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function array(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
