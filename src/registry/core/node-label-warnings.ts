// Labels of nodes that have gone out of use, and where to say so.
import type { LabelSelector } from '../../objects.ts';
import type { FieldPath } from '../field.ts';
import { validateLabelValue } from '../metadata/names.ts';
import type { NodeSelectorTerm } from './types.ts';

const deprecatedNodeLabels: ReadonlyMap<string, string> = new Map([
  ['beta.kubernetes.io/arch', 'deprecated since v1.14; use "kubernetes.io/arch" instead'],
  ['beta.kubernetes.io/os', 'deprecated since v1.14; use "kubernetes.io/os" instead'],
  [
    'failure-domain.beta.kubernetes.io/region',
    'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  ],
  [
    'failure-domain.beta.kubernetes.io/zone',
    'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  ],
  [
    'beta.kubernetes.io/instance-type',
    'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  ],
  ['app.kubernetes.io/created-by', 'deprecated since v1.9'],
  [
    'scheduler.alpha.kubernetes.io/preferAvoidPods',
    'deprecated since v1.22; use Taints and Tolerations instead',
  ],
  ['node-role.kubernetes.io/master', 'use "node-role.kubernetes.io/control-plane" instead'],
]);

/** Why not to use a label of nodes any more; undefined for one that is fine. */
export function nodeLabelDeprecation(key: string): string | undefined {
  return deprecatedNodeLabels.get(key);
}

function expressionWarnings(
  expressions: readonly { readonly key: string }[] | undefined,
  path: FieldPath,
): string[] {
  return (expressions ?? []).flatMap((expression, index) =>
    expressionWarning(expression, path.index(index)),
  );
}

function expressionWarning({ key }: { readonly key: string }, path: FieldPath): string[] {
  const why = nodeLabelDeprecation(key);
  return why === undefined ? [] : [`${path.child('key')}: ${key} is ${why}`];
}

/** Preferences are never refused for values that no label can have, so those are warned of. */
export function nodePreferenceWarnings(term: NodeSelectorTerm, path: FieldPath): string[] {
  const expressions = path.child('matchExpressions');
  return (term.matchExpressions ?? []).flatMap((expression, index) => [
    ...expressionWarning(expression, expressions.index(index)),
    ...(expression.values ?? []).flatMap((value, valueIndex) =>
      validateLabelValue(value).map((message) => {
        const own = expressions.index(index).child('values').index(valueIndex);
        return `${own}: ${value} is invalid, ${message}`;
      }),
    ),
  ]);
}

export function nodeSelectorTermWarnings(term: NodeSelectorTerm, path: FieldPath): string[] {
  return expressionWarnings(term.matchExpressions, path.child('matchExpressions'));
}

/** A selector of nodes that is written as a label selector. */
export function nodeLabelSelectorWarnings(
  selector: LabelSelector | undefined,
  path: FieldPath,
): string[] {
  const labels = Object.keys(selector?.matchLabels ?? {}).flatMap((key) => {
    const why = nodeLabelDeprecation(key);
    return why === undefined ? [] : [`${path.child('matchLabels', key)}: ${why}`];
  });
  const expressions = path.child('matchExpressions');
  return [...expressionWarnings(selector?.matchExpressions, expressions), ...labels];
}
