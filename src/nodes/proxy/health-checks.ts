// Answers load balancers' health checks of Services with externalTrafficPolicy Local.
import { createServer, type Server } from 'node:http';
import type { Logger } from '../../logger.ts';
import type { HealthCheck } from './compile.ts';

export interface HealthChecks {
  /** Listens on each port of `checks` and on no other. */
  update(checks: ReadonlyMap<number, HealthCheck>): void;
  stop(): Promise<void>;
}

/** Answers as kube-proxy does: 200 with local endpoints, else 503, and how many in the body. */
export function createHealthChecks(logger: Logger): HealthChecks {
  const servers = new Map<number, Server>();
  let current: ReadonlyMap<number, HealthCheck> = new Map();

  const listen = (port: number) => {
    const server = createServer({ requestTimeout: 10_000 }, (_request, response) => {
      const check = current.get(port);
      const { namespace = '', name = '', localEndpoints = 0 } = check ?? {};
      const body = { service: { namespace, name }, localEndpoints, serviceProxyHealthy: true };
      response.writeHead(localEndpoints > 0 ? 200 : 503, {
        'Content-Type': 'application/json',
        'X-Content-Type-Options': 'nosniff',
        'X-Load-Balancing-Endpoint-Weight': String(localEndpoints),
      });
      response.end(JSON.stringify(body));
    });
    server.maxConnections = 256;
    server.on('error', (error) => {
      logger.warn('cannot serve a health check', { port, why: error.message });
      // The port was taken: the next update tries again.
      servers.delete(port);
    });
    server.listen(port);
    servers.set(port, server);
  };
  return {
    update(checks) {
      current = checks;
      for (const [port, server] of servers) {
        if (checks.has(port)) continue;
        server.close();
        server.closeAllConnections();
        servers.delete(port);
      }
      for (const port of checks.keys()) if (!servers.has(port)) listen(port);
    },
    async stop() {
      const open = [...servers.values()];
      servers.clear();
      await Promise.all(
        open.map((server) => {
          server.closeAllConnections();
          return new Promise<void>((resolve) => server.close(() => resolve()));
        }),
      );
    },
  };
}
