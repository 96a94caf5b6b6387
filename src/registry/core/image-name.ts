// What an image reference says about how to pull it.

/** Longer names are no references for upstream's parser. */
const nameLengthMax = 255;

const reference =
  /^(?:[A-Za-z0-9.-]+(?::[0-9]+)?\/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*(?::(\w[\w.-]{0,127}))?(@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,})?$/;

/** `Always` for `:latest`, spoken or not; `IfNotPresent` for tags, digests and what is no image. */
export function defaultPullPolicy(image: string | undefined): 'Always' | 'IfNotPresent' {
  const match = reference.exec(image ?? '');
  if (match === null) return 'IfNotPresent';
  const [whole, tag, digest] = match;
  const suffix = (tag === undefined ? 0 : tag.length + 1) + (digest?.length ?? 0);
  if (whole.length - suffix > nameLengthMax) return 'IfNotPresent';
  if (tag === undefined) return digest === undefined ? 'Always' : 'IfNotPresent';
  return tag === 'latest' ? 'Always' : 'IfNotPresent';
}
