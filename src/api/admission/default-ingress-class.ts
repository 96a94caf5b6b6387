// DefaultIngressClass: an Ingress without a class gets the default one, the newest if there are several.
import type { Ingress, IngressClass } from '../../objects.ts';
import { isDefaultClass } from '../../registry/networking/ingress-class.ts';
import { classAnnotation } from '../../registry/networking/ingress-validation.ts';
import { type AdmissionParts, type AdmissionPlugin, targetOf } from './plugin.ts';

const group = 'networking.k8s.io';

function newest(classes: Iterable<IngressClass>): IngressClass | undefined {
  let best: IngressClass | undefined;
  for (const each of classes) {
    if (isDefaultClass(each) && (best === undefined || precedes(each, best))) best = each;
  }
  return best;
}

/** Newer first, then by name. */
function precedes(a: IngressClass, b: IngressClass): boolean {
  const made = (each: IngressClass) => Date.parse(each.metadata?.creationTimestamp ?? '');
  if (made(a) !== made(b)) return made(a) > made(b);
  return (a.metadata?.name ?? '') < (b.metadata?.name ?? '');
}

export function defaultIngressClass({ objects }: AdmissionParts): AdmissionPlugin {
  return {
    name: 'DefaultIngressClass',
    mutate(attributes) {
      if (attributes.operation !== 'CREATE') return undefined;
      if (targetOf(attributes) !== `ingresses.${group}`) return undefined;
      const { metadata, spec } = attributes.object as unknown as Ingress;
      if (spec === undefined || spec.ingressClassName !== undefined) return undefined;
      if (metadata?.annotations?.[classAnnotation] !== undefined) return undefined;
      const found = newest(objects.list<IngressClass>(group, 'ingressclasses'));
      if (found?.metadata?.name !== undefined) spec.ingressClassName = found.metadata.name;
      return undefined;
    },
  };
}
