// DNS messages: reading questions, writing answers that fit what the client can take.
import {
  type Answer,
  AUTHORITATIVE_ANSWER,
  decode,
  encode,
  type Packet,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
} from 'dns-packet';

/** DNS response codes that we send. */
export const rcodes = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
} as const;
export type Rcode = keyof typeof rcodes;

/** What a client asked, and how large an answer it can take. */
export interface Query {
  readonly id: number;
  readonly recursionDesired: boolean;
  /** As written; answers repeat its letters' case. */
  readonly name: string;
  readonly type: string;
  readonly edns: boolean;
  /** Over UDP, in bytes. */
  readonly sizeMax: number;
  readonly bytes: Buffer;
}

export interface Reply {
  readonly rcode: Rcode;
  readonly answers?: readonly Answer[];
  readonly authorities?: readonly Answer[];
  readonly additionals?: readonly Answer[];
  readonly authoritative?: boolean;
}

const sizeMin = 512;
const sizeMax = 4096;
const headerBytes = 12;

/** Reads a query. Gives a reply to send instead when it cannot be answered; undefined: drop it. */
export function readQuery(bytes: Buffer): Query | Buffer | undefined {
  if (bytes.length < headerBytes) return undefined;
  const flags = bytes.readUInt16BE(2);
  // A response, perhaps to a forged query: answering would start a loop.
  if ((flags & 0x8000) !== 0) return undefined;
  if ((flags & 0x7800) !== 0) return bare(bytes, 'NOTIMP');
  let packet: ReturnType<typeof decode>;
  try {
    packet = decode(bytes);
  } catch {
    return bare(bytes, 'FORMERR');
  }
  const [question] = packet.questions ?? [];
  if (question === undefined || packet.questions?.length !== 1) return bare(bytes, 'FORMERR');
  const opt = packet.additionals?.find((each) => each.type === 'OPT');
  const asked = opt?.type === 'OPT' ? opt.udpPayloadSize : sizeMin;
  return {
    id: packet.id ?? 0,
    recursionDesired: (flags & RECURSION_DESIRED) !== 0,
    name: question.name,
    type: question.type,
    edns: opt !== undefined,
    sizeMax: Math.min(sizeMax, Math.max(sizeMin, asked)),
    bytes,
  };
}

/** The question's bytes with a header that says no more than `rcode`. */
function bare(bytes: Buffer, rcode: Rcode): Buffer {
  const reply = Buffer.alloc(headerBytes);
  reply.writeUInt16BE(bytes.readUInt16BE(0), 0);
  const kept = bytes.readUInt16BE(2) & (0x7800 | RECURSION_DESIRED);
  reply.writeUInt16BE(0x8000 | kept | rcodes[rcode], 2);
  return reply;
}

/** The reply's bytes; over UDP cut to what the client takes, additional records first. */
export function writeReply(query: Query, reply: Reply, transport: 'udp' | 'tcp'): Buffer {
  const limit = transport === 'udp' ? query.sizeMax : 65_535;
  const whole = encodeReply(query, reply, 0);
  if (whole.length <= limit) return whole;
  const { additionals: _, ...short } = reply;
  let answers = [...(reply.answers ?? [])];
  let bytes = encodeReply(query, short, 0);
  while (bytes.length > limit && answers.length > 0) {
    answers = answers.slice(0, Math.floor(answers.length * 0.75));
    bytes = encodeReply(query, { ...short, answers }, TRUNCATED_RESPONSE);
  }
  return bytes;
}

function encodeReply(query: Query, reply: Reply, extraFlags: number): Buffer {
  const { rcode, authoritative = false } = reply;
  const opt: Answer = {
    type: 'OPT',
    name: '.',
    udpPayloadSize: sizeMax,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
  const packet: Packet = {
    type: 'response',
    id: query.id,
    flags:
      (query.recursionDesired ? RECURSION_DESIRED : 0) |
      RECURSION_AVAILABLE |
      (authoritative ? AUTHORITATIVE_ANSWER : 0) |
      extraFlags |
      rcodes[rcode],
    questions: [{ name: query.name, type: query.type as 'A', class: 'IN' }],
    answers: [...(reply.answers ?? [])],
    authorities: [...(reply.authorities ?? [])],
    additionals: [...(reply.additionals ?? []), ...(query.edns ? [opt] : [])],
  };
  return encode(packet);
}
