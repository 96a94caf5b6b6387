// Keeps systemd-networkd, where it runs, from taking a cluster's link over and its address away.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { attempt } from './command.ts';

/** Early in the order, so that a rule of the machine for every link does not come first. */
const rulePath = (link: string) => `/run/systemd/network/05-coracle-${link}.network`;

/** Must be called before the link is made. Does nothing on machines without networkd. */
export async function leaveLinkAlone(link: string): Promise<void> {
  if (!existsSync('/run/systemd/netif') || existsSync(rulePath(link))) return;
  mkdirSync(dirname(rulePath(link)), { recursive: true });
  writeFileSync(rulePath(link), `[Match]\nName=${link}\n\n[Link]\nUnmanaged=yes\n`);
  await attempt('networkctl', ['reload']);
}

/** Takes the rule away once the link is gone. */
export async function forgetLink(link: string): Promise<void> {
  if (!existsSync(rulePath(link))) return;
  rmSync(rulePath(link), { force: true });
  await attempt('networkctl', ['reload']);
}
