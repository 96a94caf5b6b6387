import t from 'tap';
import { loadTypeTable } from '../registry/schema/table.ts';
import type { TypeRef } from '../registry/schema/types.ts';
import { features, type TypeFeatures } from './features.ts';

const types = loadTypeTable();
const shortName = (name: string) => name.slice(name.lastIndexOf('.') + 1);

function stated(facts: TypeFeatures): string[] {
  return [
    ...(facts.works?.split(' ') ?? []),
    ...Object.keys(facts.refused ?? {}),
    ...Object.keys(facts.waits ?? {}),
  ];
}

function definitionOf(type: TypeRef): string | undefined {
  if (type.kind === 'list') return definitionOf(type.item);
  if (type.kind === 'map') return definitionOf(type.value);
  return type.kind === 'object' ? type.type : undefined;
}

t.test('every field of PodSpec and NodeStatus is in the table, once', (t) => {
  const seen = new Set<string>();
  const visit = (definition: string): void => {
    const name = shortName(definition);
    if (seen.has(name)) return;
    seen.add(name);
    const facts = features[name] ?? {};
    const fields = types(definition).fields;
    t.strictSame(stated(facts).sort(), fields.map((field) => field.name).sort(), name);
    const works = new Set(facts.works?.split(' '));
    for (const field of fields) {
      const inner = works.has(field.name) ? definitionOf(field.type) : undefined;
      if (inner !== undefined) visit(inner);
    }
    for (const noted of Object.keys(facts.notes ?? {})) t.ok(works.has(noted), `note on ${noted}`);
  };
  visit('io.k8s.api.core.v1.PodSpec');
  visit('io.k8s.api.core.v1.NodeStatus');
  t.strictSame([...seen].sort(), Object.keys(features).sort(), 'no type too many');
  t.end();
});
