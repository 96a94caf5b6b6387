// Watch frames made once for all watchers that show the same event the same way.
import { ByteLru } from './byte-lru.ts';
import { type Piece, pieceBytes, type View, type WatchEventType } from './representation.ts';
import { matches } from './selection.ts';
import type { CachedObject, CacheEvent, Selection } from './types.ts';

/** What one watcher sees of an event. */
export interface SeenEvent {
  readonly type: WatchEventType;
  readonly object: CachedObject;
}

/**
 * An event as a selection sees it: an object that comes to match is added, one that ceases to is
 * deleted, in its previous state with the revision of the change. Undefined: it sees nothing.
 */
export function seenThrough(selection: Selection, event: CacheEvent): SeenEvent | undefined {
  const { previous, object, revision } = event;
  const before = previous !== undefined && matches(selection, previous.header);
  if (event.type === 'delete') return before ? { type: 'DELETED', object } : undefined;
  const after = matches(selection, object.header);
  if (after) return { type: before ? 'MODIFIED' : 'ADDED', object };
  return before ? { type: 'DELETED', object: { ...previous, revision } } : undefined;
}

export class WatchFrames {
  readonly #frames: ByteLru<string, Uint8Array>;
  #joinedFrom: readonly Uint8Array[] = [];
  #joined: Uint8Array = new Uint8Array(0);

  constructor(bytesMax: number) {
    this.#frames = new ByteLru(bytesMax);
  }

  /** @param sequence the event's number in the ring */
  frame(
    view: View,
    sequence: number,
    seen: SeenEvent,
    first: boolean,
  ): Uint8Array | Promise<Uint8Array> {
    const key = `${sequence} ${seen.type} ${first} ${view.id}`;
    const known = this.#frames.get(key);
    if (known !== undefined) return known;
    const piece = view.alone(seen.object, first);
    const keep = (bytes: Uint8Array) => {
      this.#frames.set(key, bytes, bytes.byteLength);
      return bytes;
    };
    const frame = (done: Piece) => keep(pieceBytes(view.frame(seen.type, done)));
    return piece instanceof Promise ? piece.then(frame) : frame(piece);
  }

  /** Frames as one write; watchers that get the same frames share the bytes. */
  join(frames: readonly Uint8Array[]): Uint8Array {
    const [only] = frames;
    if (frames.length === 1 && only !== undefined) return only;
    const last = this.#joinedFrom;
    if (last.length === frames.length && last.every((each, at) => each === frames[at])) {
      return this.#joined;
    }
    this.#joinedFrom = frames;
    this.#joined = Buffer.concat(frames);
    return this.#joined;
  }

  /** Lets go of what `join` keeps. */
  forget(): void {
    this.#joinedFrom = [];
    this.#joined = new Uint8Array(0);
  }
}
