import { z } from "zod";
import type { JsonSchema, Shape } from "./operation.ts";

/** Shapes with a name of their own in the OpenAPI document. */
const registry = z.registry<{ id: string }>();

/** Gives a shape its name. */
export function named<Schema extends z.ZodType>(id: string, schema: Schema): Schema {
  registry.add(schema, { id });
  return schema;
}

export function ref(id: string): JsonSchema {
  return { $ref: `#/components/schemas/${id}` };
}

/** A shape as it stands in an operation: a named one by reference. */
export function schemaOf(shape: Shape): JsonSchema {
  if (!(shape instanceof z.ZodType)) return shape;
  const id = registry.get(shape)?.id;
  if (id === undefined) throw new Error("a zod shape of an operation needs a name");
  return ref(id);
}

/** Every named shape. Objects are open where the shape does not close them: a later version may answer more. */
export function namedSchemas(): Record<string, JsonSchema> {
  const { schemas } = z.toJSONSchema(registry, { uri: (id) => `#/components/schemas/${id}`, io: "input", override: plainer });
  return Object.fromEntries(
    Object.entries(schemas)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([id, { $id: _id, $schema: _dialect, ...schema }]) => [id, schema as JsonSchema]),
  );
}

/** Bounds that only say "a number that JavaScript holds exactly", and names of members that are strings anyway, are left out. */
function plainer({ jsonSchema }: { readonly jsonSchema: Record<string, unknown> }): void {
  if (jsonSchema["minimum"] === Number.MIN_SAFE_INTEGER) delete jsonSchema["minimum"];
  if (jsonSchema["maximum"] === Number.MAX_SAFE_INTEGER) delete jsonSchema["maximum"];
  delete jsonSchema["propertyNames"];
}
