// How an exec or attach ended, as its error channel says it: a metav1.Status, or text before v4.

import { describeError } from '../../logger.ts';
import { internalError } from '../../status.ts';
import type { StreamSession } from '../runtime.ts';

export interface CommandResult {
  readonly metadata: Readonly<Record<string, never>>;
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: {
    readonly causes?: readonly { readonly reason?: string; readonly message?: string }[];
  };
  readonly code?: number;
}

/** Waits for the end of `session`; never rejects. */
export async function commandResult(
  session: StreamSession,
  what: 'exec' | 'attach',
  command: readonly string[],
): Promise<CommandResult> {
  try {
    const code = await session.wait();
    if (code === 0) return { metadata: {}, status: 'Success' };
    return {
      metadata: {},
      status: 'Failure',
      message:
        'command terminated with non-zero exit code: ' +
        `error executing command [${command.join(' ')}], exit code ${code}`,
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
    };
  } catch (error) {
    return failedResult(error, what);
  }
}

function failedResult(error: unknown, what: 'exec' | 'attach'): CommandResult {
  const said = describeError(error);
  // The runtime's own streaming server has already said so.
  const prefix = 'Internal error occurred: ';
  if (said.startsWith(prefix)) return internalResult(said.slice(prefix.length));
  const doing = what === 'exec' ? 'executing command in' : 'attaching to';
  return internalResult(`error ${doing} container: ${said}`);
}

function internalResult(message: string): CommandResult {
  const { status, reason, details, code, message: whole } = internalError(message).status;
  return {
    metadata: {},
    status,
    ...(whole === undefined ? {} : { message: whole }),
    ...(reason === undefined ? {} : { reason }),
    ...(details?.causes === undefined ? {} : { details: { causes: details.causes } }),
    ...(code === undefined ? {} : { code }),
  };
}

/** What goes over the error channel; protocols before v4 say failures as text and success not. */
export function resultText(result: CommandResult, isV4: boolean): string {
  if (isV4) return JSON.stringify(result);
  return result.status === 'Success' ? '' : (result.message ?? '');
}

/** Sizes from the resize channel: one JSON object after another. */
export class ResizeReader {
  #buffered = '';

  push(chunk: Uint8Array, onSize: (size: { width: number; height: number }) => void): void {
    this.#buffered = (this.#buffered + Buffer.from(chunk).toString()).slice(-resizeBytesMax);
    for (let end = this.#buffered.indexOf('}'); end >= 0; end = this.#buffered.indexOf('}')) {
      const text = this.#buffered.slice(0, end + 1);
      this.#buffered = this.#buffered.slice(end + 1);
      const size = parseSize(text);
      if (size !== undefined) onSize(size);
    }
  }
}

const resizeBytesMax = 4096;

function parseSize(text: string): { width: number; height: number } | undefined {
  try {
    const { Width: width, Height: height } = JSON.parse(text) as Record<string, unknown>;
    const isSide = (side: unknown): side is number =>
      typeof side === 'number' && Number.isInteger(side) && side > 0 && side <= 0xffff;
    return isSide(width) && isSide(height) ? { width, height } : undefined;
  } catch {
    return undefined;
  }
}
