// The `continue` token of a list: where the next page starts and of which revision it is.
import { badRequest } from '../../status.ts';

const version = 'meta.k8s.io/v1';
const invalid = 'continue key is not valid';

/** `revision` -1 goes on with the newest state (an inconsistent list). */
export interface ContinueToken {
  readonly revision: number;
  /** The first key of the page, relative to the listed prefix. */
  readonly start: string;
}

export function encodeContinue({ revision, start }: ContinueToken): string {
  return Buffer.from(JSON.stringify({ v: version, rv: revision, start })).toString('base64url');
}

/** @throws StatusError 400 with upstream's words */
export function decodeContinue(token: string): ContinueToken {
  const { v, rv, start } = parse(token);
  if (v !== version) {
    throw refuse(`${invalid}: server does not recognize this encoded version ${String(v ?? '')}`);
  }
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv === 0) {
    throw refuse(`${invalid}: incorrect encoded start resourceVersion (version ${version})`);
  }
  if (typeof start !== 'string' || start === '') {
    throw refuse(`${invalid}: encoded start key empty (version ${version})`);
  }
  // A start that climbs out of its prefix is an attack, not a page.
  const segments = start.replace(/^\//, '').split('/');
  if (segments.some((each) => each === '.' || each === '..' || each === '')) {
    throw refuse(`${invalid}: ${start}`);
  }
  return { revision: rv, start: start.replace(/^\//, '') };
}

function refuse(why: string): Error {
  return badRequest(`invalid continue token: ${why}`);
}

function parse(token: string): { v?: unknown; rv?: unknown; start?: unknown } {
  const bad = [...token].findIndex((char) => !/[A-Za-z0-9_-]/.test(char));
  // Four characters are three bytes; one alone is none.
  const lone = token.length % 4 === 1 ? token.length - 1 : -1;
  if (bad < 0 && lone >= 0) {
    throw refuse(`${invalid}: illegal base64 data at input byte ${lone}`);
  }
  if (bad >= 0) throw refuse(`${invalid}: illegal base64 data at input byte ${bad}`);
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Said below.
  }
  throw refuse(`${invalid}: the token is no JSON object`);
}
