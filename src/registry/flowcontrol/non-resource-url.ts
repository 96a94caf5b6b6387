// The form of a non-resource path in a flow schema's rule, with `*` only as its last step.

/** Undefined, or why `path` cannot stand in a rule. */
export function validateNonResourceUrl(path: string): string | undefined {
  if (path === '') return 'must not be empty';
  if (path === '/') return undefined;
  if (!path.startsWith('/')) return 'must start with slash';
  if (path.includes(' ')) return 'must not contain white-space';
  if (path.includes('//')) return 'must not contain double slash';
  const stars = path.split('*').length - 1;
  if (stars > 1 || (stars === 1 && !path.endsWith('/*'))) {
    return 'wildcard can only do suffix matching';
  }
  return undefined;
}
