// The program of the sandbox container, as machine code: waits, reaps orphans, ends on TERM or INT.

/** Go's names of the architectures, as OCI platforms have them. */
export type PauseArchitecture = 'amd64' | 'arm64';

const loadAddress = 0x40_0000;
const headerBytes = 64 + 56;
/** Arm64 kernels may have pages of 64 KiB. */
const pageBytes = 0x1_0000;

/**
 * A static executable of some 200 bytes. As PID 1 of a pod's shared PID namespace it inherits
 * orphans; all signals are blocked and fetched one by one, so that none is lost or kills it.
 *
 *     sigprocmask(SIG_BLOCK, all)
 *     do {
 *       while (wait4(-1, NULL, WNOHANG, NULL) > 0);
 *       signal = sigtimedwait(all, NULL, NULL)      // a SIGCHLD since the reaping is pending
 *     } while (signal != SIGINT && signal != SIGTERM)
 *     exit_group(0)
 */
export function pauseElf(architecture: PauseArchitecture): Uint8Array {
  const code = architecture === 'amd64' ? amd64Code() : arm64Code();
  const signalMask = new Uint8Array(8).fill(0xff);
  const fileBytes = headerBytes + code.length + signalMask.length;
  const machine = { amd64: 62, arm64: 183 }[architecture];
  return Buffer.concat([elfHeader(machine), programHeader(fileBytes), code, signalMask]);
}

function elfHeader(machine: number): Uint8Array {
  const header = Buffer.alloc(64);
  header.write('\x7fELF', 0, 'latin1');
  header.set([2, 1, 1, 0], 4); // 64 bits, little endian, ELF version 1, System V
  header.writeUInt16LE(2, 16); // an executable at fixed addresses
  header.writeUInt16LE(machine, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(BigInt(loadAddress + headerBytes), 24); // entry point
  header.writeBigUInt64LE(64n, 32); // program headers follow
  header.writeUInt16LE(64, 52); // size of this header
  header.writeUInt16LE(56, 54); // size of a program header
  header.writeUInt16LE(1, 56); // their number
  header.writeUInt16LE(64, 58); // size of a section header; there are none
  return header;
}

/** The whole file, readable and executable. */
function programHeader(fileBytes: number): Uint8Array {
  const header = Buffer.alloc(56);
  header.writeUInt32LE(1, 0); // PT_LOAD
  header.writeUInt32LE(5, 4); // read, execute
  header.writeBigUInt64LE(BigInt(loadAddress), 16);
  header.writeBigUInt64LE(BigInt(loadAddress), 24);
  header.writeBigUInt64LE(BigInt(fileBytes), 32);
  header.writeBigUInt64LE(BigInt(fileBytes), 40);
  header.writeBigUInt64LE(BigInt(pageBytes), 48);
  return header;
}

/** One instruction a line, in hexadecimal; jumps count bytes from their own end. */
function amd64Code(): Uint8Array {
  const mask = Buffer.alloc(4);
  mask.writeUInt32LE(loadAddress + headerBytes + 87); // behind the code's 87 bytes
  const at = mask.toString('hex');
  const instructions = [
    'b80e000000', //        mov eax, SYS_rt_sigprocmask
    '31ff', //              xor edi, edi              SIG_BLOCK
    `be${at}`, //           mov esi, mask
    '31d2', //              xor edx, edx
    '41ba08000000', //      mov r10d, 8
    '0f05', //              syscall
    'b83d000000', //  reap: mov eax, SYS_wait4
    '83cfff', //            or edi, -1
    '31f6', //              xor esi, esi
    'ba01000000', //        mov edx, WNOHANG
    '4531d2', //            xor r10d, r10d
    '0f05', //              syscall
    '85c0', //              test eax, eax
    '7fe8', //              jg reap
    'b880000000', //        mov eax, SYS_rt_sigtimedwait
    `bf${at}`, //           mov edi, mask
    '31f6', //              xor esi, esi
    '31d2', //              xor edx, edx
    '41ba08000000', //      mov r10d, 8
    '0f05', //              syscall
    '83f802', //            cmp eax, SIGINT
    '7405', //              je exit
    '83f80f', //            cmp eax, SIGTERM
    '75c8', //              jne reap
    'b8e7000000', //  exit: mov eax, SYS_exit_group
    '31ff', //              xor edi, edi
    '0f05', //              syscall
  ];
  return Buffer.from(instructions.join(''), 'hex');
}

/** Words of 32 bits; branches count instructions, `adr` counts bytes. */
function arm64Code(): Uint8Array {
  const move = (register: number, value: number) => 0xd280_0000 + (value << 5) + register;
  const moveMinusOne = (register: number) => 0x9280_0000 + register;
  const address = (register: number, words: number) => 0x1000_0000 + (words << 5) + register;
  const compare = (value: number) => 0x7100_001f + (value << 10);
  const branch = (condition: number, words: number) =>
    0x5400_0000 + ((words & 0x7_ffff) << 5) + condition;
  const [equal, notEqual, greater] = [0, 1, 12];
  const call = 0xd400_0001;
  const mask = 28;
  const words = [
    move(8, 135), //              0       x8 = SYS_rt_sigprocmask
    move(0, 0), //                1       x0 = SIG_BLOCK
    address(1, mask - 2), //      2       x1 = mask
    move(2, 0), //                3
    move(3, 8), //                4       x3 = size of the mask
    call, //                      5       svc #0
    move(8, 260), //              6 reap: x8 = SYS_wait4
    moveMinusOne(0), //           7       x0 = -1
    move(1, 0), //                8
    move(2, 1), //                9       x2 = WNOHANG
    move(3, 0), //               10
    call, //                     11       svc #0
    compare(0), //               12       cmp w0, #0
    branch(greater, 6 - 13), //  13       b.gt reap
    move(8, 137), //             14       x8 = SYS_rt_sigtimedwait
    address(0, mask - 15), //    15       x0 = mask
    move(1, 0), //               16
    move(2, 0), //               17
    move(3, 8), //               18
    call, //                     19       svc #0
    compare(2), //               20       cmp w0, #SIGINT
    branch(equal, 24 - 21), //   21       b.eq exit
    compare(15), //              22       cmp w0, #SIGTERM
    branch(notEqual, 6 - 23), // 23       b.ne reap
    move(8, 94), //              24 exit: x8 = SYS_exit_group
    move(0, 0), //               25
    call, //                     26       svc #0
    0xd503_201f, //              27       nop: the mask stands on a multiple of 8
  ];
  const bytes = Buffer.alloc(words.length * 4);
  words.forEach((word, index) => {
    bytes.writeUInt32LE(word >>> 0, index * 4);
  });
  return bytes;
}
