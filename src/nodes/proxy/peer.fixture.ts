// A program for tests: in a pod it answers over TCP and UDP who it is and who asks; or it asks.
import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';

export interface Question {
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
  readonly times: number;
  readonly sourcePort?: number;
}

const timeoutMs = 1500;

/** `<name> <asker>`, or why there was no answer. */
function ask(question: Question): Promise<string> {
  return question.protocol === 'tcp' ? askTcp(question) : askUdp(question);
}

function askTcp({ address, port }: Question): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error('timeout')));
    socket.once('data', (data) => {
      resolve(String(data));
      socket.destroy();
    });
    socket.once('error', (error) => {
      resolve((error as { code?: string }).code ?? error.message);
    });
  });
}

function askUdp({ address, port, sourcePort = 0 }: Question): Promise<string> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const end = (outcome: string) => {
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      socket.close();
      resolve(outcome);
    };
    const timer = setTimeout(() => end('timeout'), timeoutMs);
    socket.once('message', (data) => end(String(data)));
    socket.once('error', (error) => end((error as { code?: string }).code ?? error.message));
    socket.bind(sourcePort, () => {
      socket.connect(port, address, () => socket.send('?'));
    });
  });
}

function serve(name: string, port: number): void {
  const udp = createSocket('udp4');
  udp.on('message', (_data, peer) => udp.send(`${name} ${peer.address}`, peer.port, peer.address));
  udp.bind(port, () => {
    const tcp = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.end(`${name} ${socket.remoteAddress}`);
    });
    tcp.listen(port, '0.0.0.0', () => process.stdout.write('ready\n'));
  });
  // The test ends it by closing its input.
  process.stdin.on('end', () => process.exit()).resume();
}

const [verb, first = '', second = ''] = process.argv.slice(2);
if (verb === 'serve') serve(first, Number(second));
else {
  const questions = JSON.parse(first) as Question[];
  const answers: string[][] = [];
  for (const question of questions) {
    const own: string[] = [];
    for (let i = 0; i < question.times; i++) own.push(await ask(question));
    answers.push(own);
  }
  process.stdout.write(JSON.stringify(answers));
}
