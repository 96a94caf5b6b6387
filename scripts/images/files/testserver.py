#!/usr/bin/python3 -SE
"""Small servers that tests talk to; each subcommand is one, with the options of upstream's agnhost."""
import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseRequestHandler, ThreadingUDPServer
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

BODY_BYTES_MAX = 64 * 1024 * 1024


class DualStackServer(ThreadingHTTPServer):
    address_family = socket.AF_INET6
    request_queue_size = 1024
    daemon_threads = True

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        # The base class would look the host's name up in DNS, which may not answer.
        self.socket.bind(self.server_address)
        self.server_name = socket.gethostname()
        self.server_port = self.socket.getsockname()[1]


class DualStackUdpServer(ThreadingUDPServer):
    address_family = socket.AF_INET6
    daemon_threads = True

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


def serve_http(handler, port):
    """Listens on every address of both families, or of IPv4 alone where there is no IPv6."""
    try:
        return DualStackServer(("::", port), handler)
    except OSError:
        DualStackServer.address_family = socket.AF_INET
        DualStackServer.server_bind = ThreadingHTTPServer.server_bind
        return DualStackServer(("0.0.0.0", port), handler)


def host_and_port(address):
    host, port = address[0].removeprefix("::ffff:"), address[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def send(self, text, code=200, content_type="text/plain; charset=utf-8", headers=()):
        body = text.encode()
        self.send_response(code)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def query(self):
        pairs = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        length = min(int(self.headers.get("Content-Length") or 0), BODY_BYTES_MAX)
        body = self.rfile.read(length)
        if self.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
            pairs = {**pairs, **parse_qs(body.decode(), keep_blank_values=True)}
        return {name: values[0] for name, values in pairs.items()}


class NetexecHandler(Handler):
    """The HTTP half of netexec."""

    def handle_any(self):
        path = urlsplit(self.path).path
        route = getattr(self, "on_" + path.strip("/").lower().replace("-", "_"), None)
        if path == "/":
            return self.send(f"NOW: {time.strftime('%Y-%m-%d %H:%M:%S %z')}")
        if route is None:
            return self.send("404 page not found\n", 404)
        print(f"{self.command} {path}", flush=True)
        return route(self.query())

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = do_PATCH = handle_any

    def on_hostname(self, _):
        self.send(socket.gethostname())

    def on_clientip(self, _):
        self.send(host_and_port(self.client_address))

    def on_echo(self, query):
        self.send(query.get("msg", ""), int(query.get("code") or 200))

    def on_header(self, query):
        self.send(self.headers.get(query.get("key", ""), ""))

    def on_healthz(self, _):
        ready = self.server.healthy
        self.send("" if ready else "not serving", 200 if ready else 412)

    def on_redirect(self, query):
        code = int(query.get("code") or 302)
        self.send("", code, headers=[("Location", query.get("location", "/"))])

    def on_exit(self, query):
        wait, code = seconds(query.get("wait")), int(query.get("code") or 0)
        self.server.healthy = False
        self.send("")
        threading.Timer(wait + seconds(query.get("timeout")), lambda: os._exit(code)).start()

    def on_shell(self, query):
        command = query.get("shellCommand") or query.get("cmd") or ""
        done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True)
        answer = {"output": done.stdout + done.stderr}
        if done.returncode != 0:
            answer["error"] = f"exit status {done.returncode}"
        self.send(json.dumps(answer) + "\n")

    on_shellcommand = on_shell

    def on_dial(self, query):
        host, port = query.get("host", ""), int(query.get("port") or 0)
        message, protocol = query.get("request", ""), query.get("protocol") or "http"
        responses, errors = [], []
        for _ in range(int(query.get("tries") or 1)):
            try:
                responses.append(dial(protocol, host, port, message))
            except Exception as error:  # Whatever went wrong is the test's result.
                errors.append(str(error))
        answer = {key: value for key, value in [("responses", responses), ("errors", errors)] if value}
        self.send(json.dumps(answer))


def dial(protocol, host, port, message):
    if protocol == "http":
        with urlopen(f"http://{host}:{port}/{message}", timeout=5) as answer:
            return answer.read().decode().strip()
    family = socket.getaddrinfo(host.strip("[]"), port)[0][0]
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.sendto(message.encode(), (host.strip("[]"), port))
        return client.recv(65536).decode().strip()


def seconds(text):
    """Go's durations as far as tests write them: 500ms, 2s, 1m30s."""
    total, number = 0.0, ""
    units = {"ms": 0.001, "us": 1e-6, "ns": 1e-9, "s": 1.0, "m": 60.0, "h": 3600.0}
    unit = ""
    for character in (text or "") + "0":
        if (character.isdigit() or character == ".") and unit:
            total += float(number) * units[unit]
            number = unit = ""
        if character.isdigit() or character == ".":
            number += character
        else:
            unit += character
    return total


class UdpHandler(BaseRequestHandler):
    """The UDP half of netexec: hostname, clientip, echo MESSAGE."""

    def handle(self):
        data, server = self.request
        command, _, rest = data.decode(errors="replace").strip().partition(" ")
        if command.lower() == "hostname":
            answer = socket.gethostname()
        elif command.lower() == "clientip":
            answer = host_and_port(self.client_address)
        elif command.lower() == "echo":
            answer = rest
        else:
            answer = f"unknown command {command!r}" if command else ""
        server.sendto(answer.encode(), self.client_address)


def netexec(args):
    if args.udp_port > 0:
        udp = DualStackUdpServer(("::", args.udp_port), UdpHandler)
        threading.Thread(target=udp.serve_forever, daemon=True).start()
    server = serve_http(NetexecHandler, args.http_port)
    server.healthy = True
    print(f"Started HTTP server on port {args.http_port}", flush=True)
    stop_on_signal(args.delay_shutdown)
    server.serve_forever()


def stop_on_signal(delay):
    def stop(*_):
        threading.Timer(delay, lambda: os._exit(0)).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def serve_hostname(args):
    class HostnameHandler(Handler):
        def do_GET(self):
            self.send(socket.gethostname(), headers=[("Connection", "close")])

    stop_on_signal(0)
    print(f"Serving on port {args.port}.", flush=True)
    serve_http(HostnameHandler, args.port).serve_forever()


def pause(_):
    print("Paused", flush=True)
    stop_on_signal(0)
    while True:
        signal.pause()


def logs_generator(args):
    stop_on_signal(0)
    pause_seconds = seconds(args.run_duration) / max(args.log_lines_total, 1)
    verbs, namespaces = ["GET", "PUT", "POST"], ["kube-system", "default", "ns"]
    for number in range(args.log_lines_total):
        path = f"/api/v1/namespaces/{namespaces[number % 3]}/pods/{number:04x}"
        print(f"{number} {verbs[number % 3]} {path} {200 + number % 300}", flush=True)
        time.sleep(pause_seconds)


def entrypoint_tester(args):
    quoted = " ".join([sys.argv[0], "entrypoint-tester", *args.rest])
    print(f"[{quoted}]", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="testserver")
    commands = parser.add_subparsers(required=True)

    def command(name, run):
        sub = commands.add_parser(name)
        sub.set_defaults(run=run)
        return sub

    sub = command("netexec", netexec)
    sub.add_argument("--http-port", type=int, default=8080)
    sub.add_argument("--udp-port", type=int, default=8081)
    sub.add_argument("--delay-shutdown", type=int, default=0)
    command("serve-hostname", serve_hostname).add_argument("--port", type=int, default=9376)
    command("pause", pause)
    sub = command("logs-generator", logs_generator)
    sub.add_argument("--log-lines-total", "-t", type=int, default=60)
    sub.add_argument("--run-duration", "-d", default="60s")
    command("entrypoint-tester", entrypoint_tester).add_argument("rest", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    args.run(args)


main()
