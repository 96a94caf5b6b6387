// Answers one query: from the cluster's zone, else from upstream, else SERVFAIL.
import { type Answer, decode, encode, RECURSION_DESIRED } from 'dns-packet';
import type { Random } from '../../random.ts';
import type { Query, Reply } from './message.ts';
import type { Upstream } from './upstream.ts';
import type { Zone, ZoneAnswer } from './zone.ts';

export interface ResolverOptions {
  readonly zone: Zone;
  readonly upstream: Upstream;
  readonly random: Random;
  /** False until the zone knows the cluster; its names get SERVFAIL rather than a wrong "no". */
  readonly hasSynced: () => boolean;
}

export type Resolve = (query: Query, transport: 'udp' | 'tcp') => Promise<Reply | Buffer>;

export function createResolver(options: ResolverOptions): Resolve {
  const { zone, upstream, random, hasSynced } = options;
  return async (query, transport) => {
    const name = query.name.toLowerCase().replace(/\.$/, '');
    const found = zone.lookUp(name, query.type);
    if (found === undefined) {
      return (await upstream.ask(query.bytes, transport)) ?? { rcode: 'SERVFAIL' };
    }
    if (!hasSynced()) return { rcode: 'SERVFAIL' };
    const followed = await follow(found, query, zone, upstream);
    const answers = shuffle([...found.answers, ...followed], random).map((answer) =>
      answer.name.toLowerCase() === name ? { ...answer, name: query.name } : answer,
    );
    return {
      rcode: found.rcode,
      authoritative: true,
      answers,
      ...(answers.length === 0 ? { authorities: [zone.soa] } : {}),
      ...(found.additionals === undefined ? {} : { additionals: found.additionals }),
    };
  };
}

/** The addresses behind an ExternalName, where they can be had. */
async function follow(
  { follow: target }: ZoneAnswer,
  query: Query,
  zone: Zone,
  upstream: Upstream,
): Promise<readonly Answer[]> {
  if (target === undefined) return [];
  // A name within the zone is followed once: two that point at each other end here.
  const own = zone.lookUp(target, query.type);
  if (own !== undefined) return own.answers;
  const question = { name: target, type: query.type as 'A', class: 'IN' as const };
  const asked = encode({
    type: 'query',
    id: query.id,
    flags: RECURSION_DESIRED,
    questions: [question],
  });
  const answer = await upstream.ask(asked, 'udp');
  if (answer === undefined) return [];
  try {
    return decode(answer).answers ?? [];
  } catch {
    return [];
  }
}

/** Addresses in random order, so that clients that take the first spread; aliases stay in front. */
function shuffle(answers: readonly Answer[], random: Random): readonly Answer[] {
  const aliases = answers.filter(({ type }) => type === 'CNAME');
  const rest = answers.filter(({ type }) => type !== 'CNAME');
  for (let i = rest.length - 1; i > 0; i--) {
    const j = Math.floor(random.next() * (i + 1));
    const [a, b] = [rest[i], rest[j]];
    if (a !== undefined && b !== undefined) [rest[i], rest[j]] = [b, a];
  }
  return [...aliases, ...rest];
}
