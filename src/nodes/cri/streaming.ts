// exec, attach and port-forward over the runtime's streaming server.
import type { Duplex } from 'node:stream';
import type { StreamOptions, StreamSession } from '../runtime.ts';

export async function execStream(_url: string, _options: StreamOptions): Promise<StreamSession> {
  throw new Error('streams are not wired yet');
}
export async function attachStream(_url: string, _options: StreamOptions): Promise<StreamSession> {
  throw new Error('streams are not wired yet');
}
export async function portForwardStream(_url: string, _port: number): Promise<Duplex> {
  throw new Error('streams are not wired yet');
}
