// The memory driver passes the driver contract.
import { driverContract } from './driver.contract.ts';
import { createMemoryDriver } from './memory.ts';

driverContract('memory', { open: async (clock) => ({ driver: createMemoryDriver({ clock }) }) });
