// exec, attach and port-forward over the runtime's streaming server: SPDY/3.1 after an HTTP upgrade.
import type { Duplex } from 'node:stream';
import type { StreamOptions, StreamSession } from '../runtime.ts';
import { SpdyConnection } from '../spdy/connection.ts';
import type { SpdyStream } from '../spdy/stream.ts';
import { readText, upgradeToSpdy } from '../spdy/upgrade.ts';

const remoteCommandProtocol = 'v4.channel.k8s.io';
const portForwardProtocol = 'portforward.k8s.io';
/** A metav1.Status or the words of a failed dial. */
const errorBytesMax = 64 * 1024;

/** Runs what the runtime's Exec answered with `url`; `wait` gives the exit code. */
export async function execStream(url: string, options: StreamOptions): Promise<StreamSession> {
  return await openSession(url, options);
}

/** Attaches by the URL of the runtime's Attach; `wait` gives 0. */
export async function attachStream(url: string, options: StreamOptions): Promise<StreamSession> {
  return await openSession(url, options);
}

/**
 * One TCP connection to `port` in the sandbox, by the URL of the runtime's PortForward. The
 * stream is destroyed with the runtime's words when the port cannot be reached.
 */
export async function portForwardStream(url: string, port: number): Promise<Duplex> {
  const connection = await connectSpdy(url, portForwardProtocol);
  try {
    const common = { port: String(port), requestid: '0' };
    const error = connection.openStream({ streamtype: 'error', ...common }, { finish: true });
    const data = connection.openStream({ streamtype: 'data', ...common });
    const said = readText(error, errorBytesMax);
    data.endAfter(said.then((message) => (message === '' ? undefined : new Error(message))));
    // It may fail before the caller can listen; `errored` and reading tell it then.
    data.on('error', () => undefined);
    data.once('close', () => connection.close());
    await Promise.all([error.replied(), data.replied()]);
    return data;
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

async function openSession(url: string, options: StreamOptions): Promise<StreamSession> {
  const connection = await connectSpdy(url, remoteCommandProtocol);
  const open = (streamtype: string, finish: boolean): SpdyStream =>
    connection.openStream({ streamtype }, { finish });
  try {
    // The server starts when all that it expects are open: upstream's clients use this order.
    const error = open('error', true);
    const stdin = options.stdin ? open('stdin', false) : undefined;
    const stdout = options.stdout ? open('stdout', true) : undefined;
    const stderr = options.stderr && !options.tty ? open('stderr', true) : undefined;
    const resize = options.tty ? open('resize', false) : undefined;
    // Nothing comes back on these two, but their ends must be seen.
    stdin?.resume();
    resize?.resume();
    const opened = [error, stdin, stdout, stderr, resize].filter((each) => each !== undefined);
    const result = exitCode(error, connection);
    result.catch(() => undefined);
    await Promise.all(opened.map((stream) => stream.replied()));
    return {
      ...(stdin === undefined ? {} : { stdin }),
      ...(stdout === undefined ? {} : { stdout }),
      ...(stderr === undefined ? {} : { stderr }),
      resize: ({ width, height }) => {
        resize?.write(`${JSON.stringify({ Width: width, Height: height })}\n`);
      },
      wait: async () => {
        const code = await result;
        // All that was said came before the result: it stays readable.
        connection.close();
        return code;
      },
      close: () => connection.destroy(),
    };
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

interface ExitStatus {
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { reason?: string; message?: string }[] };
}

/** The v4 error stream ends with one metav1.Status. */
async function exitCode(stream: SpdyStream, connection: SpdyConnection): Promise<number> {
  const answer = await readText(stream, errorBytesMax);
  if (answer === '') {
    throw new Error('the runtime closed the stream without a result', {
      cause: connection.error,
    });
  }
  let status: ExitStatus;
  try {
    status = JSON.parse(answer) as ExitStatus;
  } catch {
    throw new Error(answer);
  }
  if (status.status === 'Success') return 0;
  if (status.reason === 'NonZeroExitCode') {
    const cause = status.details?.causes?.find(({ reason }) => reason === 'ExitCode');
    const code = Number(cause?.message);
    if (Number.isInteger(code)) return code;
  }
  throw new Error(status.message ?? answer);
}

async function connectSpdy(url: string, protocol: string): Promise<SpdyConnection> {
  const { socket, head } = await upgradeToSpdy(url, [protocol]);
  return new SpdyConnection(socket, { side: 'client', head });
}
