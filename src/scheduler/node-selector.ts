// Node selectors as pods state them: terms of label and field requirements.
import type * as k8s from '@kubernetes/client-node';
import type { Wire } from '../objects.ts';
import type { NodeInfo } from './types.ts';

type NodeSelectorTerm = Wire<k8s.V1NodeSelectorTerm>;
type Requirement = Wire<k8s.V1NodeSelectorRequirement>;

/** Terms are alternatives; a term without requirements matches nothing. */
export function matchesTerms(terms: readonly NodeSelectorTerm[], node: NodeInfo): boolean {
  return terms.some((term) => matchesTerm(term, node));
}

export function matchesTerm(term: NodeSelectorTerm, node: NodeInfo): boolean {
  const { matchExpressions = [], matchFields = [] } = term;
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  return (
    matchExpressions.every((each) => matches(each, node.labels[each.key])) &&
    // The only field that node selectors know.
    matchFields.every((each) => each.key === 'metadata.name' && matches(each, node.name))
  );
}

function matches(requirement: Requirement, value: string | undefined): boolean {
  const values = requirement.values ?? [];
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return isInteger(value) && Number(value) > Number(values[0]);
    case 'Lt':
      return isInteger(value) && Number(value) < Number(values[0]);
    default:
      return false;
  }
}

function isInteger(value: string | undefined): boolean {
  return value !== undefined && /^[+-]?\d+$/.test(value);
}
