// Writes protobuf messages from their last byte to their first, so that every length is known in time.
import { toJson } from '../json.ts';

/** Capacity a writer starts with; it doubles as messages need it. */
const capacityMin = 16 * 1024;
/** Strings up to this length are copied character by character, which beats a call into C++. */
const shortStringMax = 40;

/** Days between 0000-03-01 and 1970-01-01, by which civil dates become day numbers. */
const epochDays = 719_468;

/** Seconds since 1970 of a canonical time, `2026-01-02T03:04:05Z` with or without a fraction. */
function secondsOf(time: string): number {
  const digits = (at: number): number =>
    (time.charCodeAt(at) - 48) * 10 + (time.charCodeAt(at + 1) - 48);
  const month = digits(5);
  const year = digits(0) * 100 + digits(2) - (month <= 2 ? 1 : 0);
  const era = Math.floor(year / 400);
  const yearOfEra = year - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + digits(8) - 1;
  const leaps = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  const days = era * 146_097 + yearOfEra * 365 + leaps + dayOfYear - epochDays;
  return days * 86_400 + digits(11) * 3600 + digits(14) * 60 + digits(17);
}

/**
 * Numbers, in tags, are `number << 3 | wire type`. Every method puts its bytes before those that
 * are there already.
 */
export class WireWriter {
  #bytes: Buffer = Buffer.allocUnsafeSlow(capacityMin);
  #at: number = capacityMin;

  /** How many bytes have been written. */
  get size(): number {
    return this.#bytes.length - this.#at;
  }

  /** A copy of what was written; the writer is empty again. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.size);
    bytes.set(this.#bytes.subarray(this.#at));
    this.#at = this.#bytes.length;
    return bytes;
  }

  /** Forgets what was written, after an encoding that failed. */
  clear(): void {
    this.#at = this.#bytes.length;
  }

  #reserve(size: number): void {
    if (this.#at >= size) return;
    const old = this.#bytes;
    const used = this.size;
    let capacity = old.length * 2;
    while (capacity - used < size) capacity *= 2;
    this.#bytes = Buffer.allocUnsafeSlow(capacity);
    this.#at = capacity - used;
    this.#bytes.set(old.subarray(old.length - used), this.#at);
  }

  #varint(value: number): void {
    this.#reserve(10);
    const bytes = this.#bytes;
    if (value < 0x80) {
      this.#at -= 1;
      bytes[this.#at] = value;
      return;
    }
    let size = 1;
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
    let at = this.#at - size;
    this.#at = at;
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80;
    bytes[at] = rest;
  }

  #signed(value: number | bigint): void {
    if (typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER) {
      this.#varint(value);
      return;
    }
    this.#reserve(10);
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
    bytes.push(Number(rest));
    this.#at -= bytes.length;
    this.#bytes.set(bytes, this.#at);
  }

  /** Closes a message that began when the writer had `before` bytes. */
  close(tag: number, before: number): void {
    this.#varint(this.size - before);
    this.#varint(tag);
  }

  string(tag: number, text: string): void {
    this.close(tag, this.#text(text));
  }

  /** Writes UTF-8; returns the size there was before. */
  #text(text: string): number {
    const { length } = text;
    this.#reserve(length * 3);
    const before = this.size;
    const bytes = this.#bytes;
    if (length <= shortStringMax) {
      let at = this.#at - length;
      let all = 0;
      for (let index = 0; index < length; index++) {
        const code = text.charCodeAt(index);
        all |= code;
        bytes[at++] = code;
      }
      if (all < 0x80) {
        this.#at -= length;
        return before;
      }
    }
    const size = Buffer.byteLength(text);
    this.#at -= size;
    bytes.write(text, this.#at, size, size === length ? 'latin1' : 'utf8');
    return before;
  }

  integer(tag: number, value: number | bigint): void {
    this.#signed(value);
    this.#varint(tag);
  }

  bool(tag: number, value: boolean): void {
    this.#varint(value ? 1 : 0);
    this.#varint(tag);
  }

  double(tag: number, value: number): void {
    this.#reserve(8);
    this.#at -= 8;
    this.#bytes.writeDoubleLE(value, this.#at);
    this.#varint(tag);
  }

  /** Bytes that JSON shows in base64. */
  base64(tag: number, text: string): void {
    const before = this.size;
    const bytes = Buffer.from(text, 'base64');
    this.bytes(bytes);
    this.close(tag, before);
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.byteLength);
    this.#at -= bytes.byteLength;
    this.#bytes.set(bytes, this.#at);
  }

  /** resource.Quantity. */
  quantity(tag: number, text: string): void {
    const before = this.size;
    this.string(0x0a, text);
    this.close(tag, before);
  }

  /** util.intstr.IntOrString. */
  intOrString(tag: number, value: number | string): void {
    const before = this.size;
    const isText = typeof value === 'string';
    this.string(0x1a, isText ? value : '');
    this.integer(0x10, isText ? 0 : value);
    this.#varint(isText ? 1 : 0);
    this.#varint(0x08);
    this.close(tag, before);
  }

  /** metav1.Time, which has no fractions of a second. */
  time(tag: number, text: string): void {
    this.#instant(tag, text, 0);
  }

  microTime(tag: number, text: string): void {
    this.#instant(tag, text, Number(text.slice(20, -1).padEnd(6, '0').slice(0, 6)) * 1000);
  }

  #instant(tag: number, text: string, nanoseconds: number): void {
    const before = this.size;
    this.integer(0x10, nanoseconds);
    this.integer(0x08, secondsOf(text));
    this.close(tag, before);
  }

  /** JSON inside of a message: RawExtension, FieldsV1, JSON. */
  json(tag: number, value: unknown): void {
    const before = this.size;
    this.string(0x0a, toJson(value));
    this.close(tag, before);
  }
}
